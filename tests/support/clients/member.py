"""A group member in a process of its own, which a test can kill.

Prints, for each poll that gave records, their partitions as a line of JSON. Commits nothing.
"""

import json
import sys

from tests.support.clients import library_class
from tests.support.clients.reading import POLL_TIMEOUT_S


def main(arguments: list[str]) -> None:
    """Read until it is killed."""
    library_name, bootstrap_servers, group_id, topic, session_timeout_ms = arguments
    with library_class(library_name)(bootstrap_servers) as library:
        member = library.member(group_id, topic, session_timeout_ms=int(session_timeout_ms))
        while True:
            records = member.poll(POLL_TIMEOUT_S)
            if records:
                partitions = {(record.topic, record.partition) for record in records}
                print(json.dumps(sorted(partitions)), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
