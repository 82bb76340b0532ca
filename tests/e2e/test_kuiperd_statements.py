"""The table of statements on a real kuiperd: it must still say what the table says."""

import json
import runpy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ..host.embedded.rules.statements import ROWS, STATEMENTS, Statement
from ..host.embedded.rules.table import comparable, filled_in
from .archive import write_archive
from .kuiperd import Kuiperd
from .polling import eventually
from .receiver import Receiver

_PLUGIN = Path(__file__).parent.parent / "plugins" / "statements" / "plugin.py"


class Table:
    """All statements as rules of one kuiperd; `close` removes them."""

    def __init__(self, host: Kuiperd, mark: str, receiver: Receiver) -> None:
        self._host = host
        self._mark = mark
        self._receiver = receiver
        self._made: list[int] = []

    def install(self, folder: Path) -> None:
        name = f"table_{self._mark}"
        config = runpy.run_path(str(_PLUGIN))["config"](name)
        manifest = {
            "name": name,
            "version": "1.0.0",
            "language": "python",
            "executable": "plugin.py",
            "sources": list(config.sources),
            "sinks": [],
            "functions": list(config.functions),
        }
        files = {"plugin.py": _PLUGIN.read_text("utf-8"), "rows.json": json.dumps(ROWS)}
        sources: dict[str, Any] = {source: {"default": {}} for source in config.sources}
        archive = write_archive(folder / f"{name}.zip", manifest, files, sources)
        self._host.rest.post(
            "/plugins/portables", {"name": name, "file": self._host.rest.upload(archive)}
        )

    def start(self, number: int, statement: Statement) -> None:
        stream, rule = self._stream(number), self._rule(number)
        when = "@second" if statement.timed else ""
        source = f'TYPE="rows_{self._mark}", DATASOURCE="{statement.rows}{when}", FORMAT="json"'
        self._host.rest.post("/streams", {"sql": f"CREATE STREAM {stream} () WITH ({source})"})
        self._made.append(number)
        action = self._receiver.action(rule)
        action["rest"]["sendSingle"] = False
        self._host.rest.post(
            "/rules",
            {
                "id": rule,
                "sql": filled_in(statement, stream, self._mark),
                "actions": [action],
                "options": {"sendError": True, **statement.options},
            },
        )

    def messages(self, number: int, statement: Statement, count: int) -> list[Any]:
        """What came out, as soon as it is that much."""

        def found() -> list[Any]:
            kept = self._receiver.results(self._rule(number))
            return comparable(statement, kept, self._stream(number), self._mark)

        eventually(lambda: len(found()) >= count, f"the rows of {statement.sql}", timeout=20.0)
        return found()

    def close(self) -> None:
        for number in self._made:
            self._host.rest.delete(f"/rules/{self._rule(number)}")
            self._host.rest.delete(f"/streams/{self._stream(number)}")
        self._host.rest.delete(f"/plugins/portables/table_{self._mark}")

    def _stream(self, number: int) -> str:
        return f"s{number}_{self._mark}"

    def _rule(self, number: int) -> str:
        return f"r{number}_{self._mark}"


@pytest.fixture(scope="module")
def table(
    kuiperd_with: Any, receiver: Receiver, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Table]:
    host: Kuiperd = kuiperd_with("ipc")
    if host.version[:2] != (2, 4):
        pytest.skip(f"the table is that of eKuiper 2.4, this is {host.version}")
    table = Table(host, host.new_mark(), receiver)
    table.install(tmp_path_factory.mktemp("statements"))
    try:
        for number, statement in enumerate(STATEMENTS):
            table.start(number, statement)
        yield table
    finally:
        table.close()


@pytest.mark.parametrize("number", range(len(STATEMENTS)), ids=lambda n: f"{n:02}")
def test_a_real_host_still_says_so(table, number):
    """The real host gives the messages of the table, errors included."""
    statement = STATEMENTS[number]
    expected = comparable(statement, statement.messages, "demo", "none")
    assert table.messages(number, statement, len(expected)) == expected, statement.sql
