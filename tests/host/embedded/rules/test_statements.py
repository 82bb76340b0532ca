"""The table of statements: what a real eKuiper made of them, and what comes out here."""

from __future__ import annotations

import json
import shutil
import threading
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ekuiper.host.embedded import Host
from ekuiper.host.embedded.rules import Rules, read_folder

from .statements import ROWS, STATEMENTS, Statement
from .table import FUNCTIONS, comparable, filled_in, message

_PLUGIN = Path(__file__).parents[3] / "plugins" / "statements" / "plugin.py"
_MARK = "local"
_DEADLINE = 20.0


class Running:
    """All statements as rules of one folder, on the plugin; messages by rule, as they come."""

    def __init__(self) -> None:
        self._messages: dict[str, list[Any]] = defaultdict(list)
        self._came = threading.Condition()

    def log(self, rule: str, text: str) -> None:
        with self._came:
            self._messages[rule].append(message(text))
            self._came.notify_all()

    def messages(self, number: int, statement: Statement, count: int) -> list[Any]:
        """What came out, as soon as it is that much."""

        def found() -> list[Any]:
            stream = f"s{number}_{_MARK}"
            return comparable(statement, self._messages[f"r{number}"], stream, _MARK)

        with self._came:
            self._came.wait_for(lambda: len(found()) >= count, _DEADLINE)
            return found()


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    name = f"table_{_MARK}"
    folder = tmp_path_factory.mktemp("statements") / name
    (folder / "streams").mkdir(parents=True)
    (folder / "rules").mkdir()
    shutil.copy(_PLUGIN, folder / "plugin.py")
    (folder / "rows.json").write_text(json.dumps(ROWS))
    (folder / f"{name}.json").write_text(json.dumps(_manifest(name)))
    for number, statement in enumerate(STATEMENTS):
        _write(folder, number, statement)
    running = Running()
    with Host(folder) as host, Rules(host, read_folder(folder), on_log=running.log):
        yield running


def _manifest(name: str) -> dict[str, Any]:
    return {
        "name": name,
        "version": "1.0.0",
        "language": "python",
        "executable": "plugin.py",
        "sources": [f"rows_{_MARK}"],
        "sinks": [],
        "functions": [f"{function}_{_MARK}" for function in FUNCTIONS],
    }


def _write(folder: Path, number: int, statement: Statement) -> None:
    stream = f"s{number}_{_MARK}"
    when = "@second" if statement.timed else ""
    (folder / "streams" / f"{stream}.sql").write_text(
        f"CREATE STREAM {stream} () WITH "
        f'(TYPE="rows_{_MARK}", DATASOURCE="{statement.rows}{when}", FORMAT="json");'
    )
    rule = {
        "id": f"r{number}",
        "sql": filled_in(statement, stream, _MARK),
        "actions": [{"log": {}}],
        "options": {"sendError": True, **statement.options},
    }
    (folder / "rules" / f"r{number:02}.json").write_text(json.dumps(rule))


def test_there_are_sixty():
    """The table has sixty statements, no two of them the same."""
    assert len({statement.sql for statement in STATEMENTS}) == 60


@pytest.mark.parametrize("number", range(len(STATEMENTS)), ids=lambda n: f"{n:02}")
def test_rows_are_those_of_a_real_host(running, number):
    """Every statement gives the messages that a real eKuiper gives, errors included."""
    statement = STATEMENTS[number]
    expected = comparable(statement, statement.messages, "demo", _MARK)
    assert running.messages(number, statement, len(expected)) == expected, statement.sql
