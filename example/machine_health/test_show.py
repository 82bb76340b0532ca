"""Reading back what was stored."""

from pathlib import Path

from show import lines
from table import Table


def test_the_last_rows_are_shown_below_their_columns(tmp_path: Path) -> None:
    """Five of them, the newest at the end, NULL as nothing."""
    path = str(tmp_path / "health.db")
    table = Table(path, "results")
    table.insert([{"n": n, "score": n / 2 if n != 8 else None} for n in range(10)])
    table.close()

    assert lines(path) == ["n  score", "5  2.5", "6  3.0", "7  3.5", "8", "9  4.5"]
