"""Tables for people: a line of names, then the rows, columns as wide as their widest cell."""

from collections.abc import Iterable, Sequence
from typing import Final

NOTHING: Final = "-"  # Where there is no value.

Cell = str | int | None


def table(names: Sequence[str], rows: Iterable[Sequence[Cell]]) -> str:
    """Lay out rows under their columns' names; columns of numbers stand to the right."""
    rows = list(rows)
    columns = list(zip(*rows, strict=True)) if rows else [() for _ in names]
    is_number = [
        any(isinstance(cell, int) for cell in column)
        and all(cell is None or isinstance(cell, int) for cell in column)
        for column in columns
    ]
    texts = [[NOTHING if cell is None else str(cell) for cell in row] for row in rows]
    widths = [
        max(len(name), *(len(row[index]) for row in texts)) if texts else len(name)
        for index, name in enumerate(names)
    ]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if right else cell.ljust(width)
            for cell, width, right in zip(line, widths, is_number, strict=True)
        ).rstrip()
        for line in [list(names), *texts]
    )
