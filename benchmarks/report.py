"""Results on disk, one file for each group of rows, and the table that is made of them."""

import json
import platform
import subprocess
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from benchmarks.brokers import SAME_SETTINGS
from benchmarks.runner import Result, from_json
from compat.kafka import KAFKA_VERSION

RESULTS: Final = Path(__file__).with_name("results")
TABLE: Final = Path(__file__).with_name("RESULTS.md")

# What is better when it is more; everything else is better when it is less.
MORE_IS_BETTER: Final = frozenset({"records/s", "MB/s", "requests/s"})


def keep(group: str, results: Sequence[Result], *, pairs: int, pinned: bool) -> None:
    """Store what a group found, with what is needed to judge it."""
    RESULTS.mkdir(exist_ok=True)
    stored = {
        "date": time.strftime("%Y-%m-%d"),
        "commit": _commit(),
        "kafka": KAFKA_VERSION,
        "machine": _machine(),
        "settings": SAME_SETTINGS,
        "pairs": pairs,
        "pinned": pinned,
        "results": [result.as_json() for result in results],
    }
    name = group if pinned else f"{group}-unpinned"
    text = json.dumps(stored, indent=1, ensure_ascii=False)
    (RESULTS / f"{name}.json").write_text(text + "\n")


def show(results: Sequence[Result]) -> str:
    """Give the tables of results that are not kept."""
    return "\n".join(line for result in results for line in _table(result))


def render() -> None:
    """Write the table of all groups that were ever run."""
    groups = [json.loads(path.read_text()) for path in sorted(RESULTS.glob("*.json"))]
    groups.sort(key=lambda group: (not group["pinned"], group["results"][0]["row"]))
    TABLE.write_text("\n".join([*_head(), *_losses(groups), *_tables(groups)]) + "\n")


def _head() -> list[str]:
    return [
        "# pybroker beside Apache Kafka",
        "",
        "Made by `make bench`. A ratio is pybroker over Kafka within one pair of runs; the table",
        "gives the median of the pairs with their least and greatest. One broker is paused while",
        "the other is measured. Broker and clients are pinned to a core each unless a table says",
        "otherwise; Kafka has its default heap of 1 GB; both have the same settings. A line in",
        "bold is one that pybroker loses.",
        "",
    ]


def _losses(groups: Sequence[dict[str, Any]]) -> list[str]:
    lost = [
        f"* {result.title}: {figure} {ratio}"
        for group in groups
        for result in map(from_json, group["results"])
        for figure, ratio in _lost(result)
    ]
    return ["## Losses", "", *(lost or ["None."]), ""]


def _lost(result: Result) -> Iterator[tuple[str, str]]:
    for figure in result.pairs[0][0]:
        ratios = sorted(result.ratios(figure))
        if ratios and _is_loss(figure, ratios[len(ratios) // 2]):
            yield figure, f"{ratios[len(ratios) // 2]:.2f}x"


def _tables(groups: Sequence[dict[str, Any]]) -> Iterator[str]:
    for group in groups:
        how = "pinned" if group["pinned"] else "unpinned"
        settings = ", ".join(f"`{key}={value}`" for key, value in group["settings"].items())
        yield f"## Row {group['results'][0]['row']}, {how}"
        yield ""
        yield (
            f"{group['date']}, commit {group['commit']}, Kafka {group['kafka']}, {group['pairs']} "
            f"pairs, {group['machine']}; {settings}"
        )
        for result in map(from_json, group["results"]):
            yield from _table(result)
        yield ""


def _table(result: Result) -> Iterator[str]:
    a, b = result.names
    yield ""
    yield f"### {result.title}"
    yield ""
    yield f"| figure | {a} | {b} | ratio | least to greatest |"
    yield "| --- | ---: | ---: | ---: | ---: |"
    for figure in result.pairs[0][0]:
        ours, theirs = result.medians(figure)
        ratios = sorted(result.ratios(figure))
        if not ratios:
            yield f"| {figure} | {_number(ours)} | {_number(theirs)} | | |"
            continue
        middle = ratios[len(ratios) // 2]
        bold = "**" if _is_loss(figure, middle) else ""
        yield (
            f"| {bold}{figure}{bold} | {_number(ours)} | {_number(theirs)} | "
            f"{bold}{middle:.2f}x{bold} | {ratios[0]:.2f} to {ratios[-1]:.2f} |"
        )


def _is_loss(figure: str, ratio: float) -> bool:
    return ratio < 1 if figure in MORE_IS_BETTER else ratio > 1


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def _commit() -> str:
    found = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"],
        cwd=TABLE.parent,
        capture_output=True,
        text=True,
        check=False,
    )
    return found.stdout.strip() or "unknown"


def _machine() -> str:
    cpus = [
        line.split(":", 1)[1].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if line.startswith("model name")
    ]
    kernel = platform.release().split("-")[0]
    memory_kb = int(Path("/proc/meminfo").read_text().split()[1])
    return f"{len(cpus)} x {cpus[0]}, {memory_kb / 2**20:.0f} GiB, Linux {kernel}"
