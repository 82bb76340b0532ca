"""An SQLite table that grows with its rows."""

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from typing import Any

__all__ = ["Table"]


class Table:
    """A table that is made for the first row, and gets a column whenever a row brings a new one."""

    def __init__(self, path: str, name: str) -> None:
        self._name = _quoted(name)
        # Rows come on one thread, the end on another.
        self._database = sqlite3.connect(path, isolation_level=None, check_same_thread=False)

    def insert(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Add all rows, or none if one cannot be stored; they are on disk when this returns."""
        columns = list(dict.fromkeys(chain.from_iterable(rows)))
        if not columns:
            return
        names, marks = _listed(columns), ", ".join("?" for _ in columns)
        with self._database:
            self._database.execute("BEGIN IMMEDIATE")  # other rules may write to this table too
            self._grow(columns)
            self._database.executemany(
                f"INSERT INTO {self._name} ({names}) VALUES ({marks})",
                ([_stored(row.get(column)) for column in columns] for row in rows),
            )

    def close(self) -> None:
        """Let go of the file."""
        self._database.close()

    def _grow(self, columns: Sequence[str]) -> None:
        self._database.execute(f"CREATE TABLE IF NOT EXISTS {self._name} ({_listed(columns)})")
        info = self._database.execute(f"PRAGMA table_info({self._name})")
        known = {name for _, name, *_ in info}
        for column in columns:
            if column not in known:
                self._database.execute(f"ALTER TABLE {self._name} ADD COLUMN {_quoted(column)}")


def _listed(columns: Iterable[str]) -> str:
    return ", ".join(map(_quoted, columns))


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _stored(value: Any) -> Any:
    """SQLite knows numbers, text and NULL; a list or an object becomes its JSON text."""
    return json.dumps(value) if isinstance(value, (dict, list)) else value
