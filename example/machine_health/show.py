"""What the sink stored: `show.py DATABASE` prints the last rows of the table `results`."""

import sqlite3
import sys
from contextlib import closing

__all__ = ["lines"]

ROWS = 5


def lines(path: str) -> list[str]:
    """The last rows, oldest first, below their columns."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
        found = database.execute("SELECT * FROM results ORDER BY rowid DESC LIMIT ?", [ROWS])
        columns = [column for column, *_ in found.description]
        rows = [["" if value is None else str(value) for value in row] for row in found]
    table = [columns, *reversed(rows)]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    return ["  ".join(map(str.ljust, row, widths)).rstrip() for row in table]


if __name__ == "__main__":
    database = sys.argv[1]
    print(f"\nThe last rows in {database}, table results:", *lines(database), sep="\n  ")
