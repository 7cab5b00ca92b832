"""Writes the corpus that fuzzing starts from: Kafka's own bytes, off the wire crate's tests."""

import json
import struct
from pathlib import Path

HERE = Path(__file__).parent
DATA = HERE.parent / "wire" / "tests" / "data"
API_KEYS = {"ProduceRequest": 0, "FetchRequest": 1}
FIRST_FLEXIBLE = {"ProduceRequest": 9, "FetchRequest": 12}


def write(target: str, name: str, content: bytes) -> None:
    """Put one input into the corpus of a target."""
    folder = HERE / "corpus" / target
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name.replace(" ", "-")).write_bytes(content)


def frame(message: str, version: int, body: bytes) -> bytes:
    """Put a request behind a header and a length prefix."""
    header = struct.pack(">hhih", API_KEYS[message], version, 7, 4) + b"seed"
    if version >= FIRST_FLEXIBLE[message]:
        header += b"\0"
    return struct.pack(">i", len(header) + len(body)) + header + body


def main() -> None:
    """Write the corpus of every target."""
    for how in range(3):
        # One edit of each file: zeros, a cut, another content; checksums put right or not.
        for file in range(12):
            for action in range(6):
                edit = bytes([file, action, 0, 20 * file, 0, 8]) + bytes(8)
                write("recovery", f"{how}-{file}-{action}", bytes([how]) + edit)
                mend = bytes([0, 6, 0, 0, 0, 0])
                write("recovery", f"{how}-{file}-{action}-mended", bytes([how]) + edit + mend)
    for line in (DATA / "record-batch-vectors.jsonl").read_text().splitlines():
        vector = json.loads(line)
        write("batches", vector["name"], bytes.fromhex(vector["hex"]))
    for line in (DATA / "produce-fetch-vectors.jsonl").read_text().splitlines():
        vector = json.loads(line)
        message, version = vector["message"], vector["version"]
        body = bytes.fromhex(vector["hex"])
        name = f"{message}-{version}-{vector['sample']}"
        target = "produce" if message.startswith("Produce") else "fetch"
        write(target, name, bytes([version]) + body)
        if message in API_KEYS:
            write("frames", name, frame(message, version, body))


if __name__ == "__main__":
    main()
