"""The example `mirror` on the official package and on this one, under either host."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from .conftest import Pair
from .installed import unmarked
from .rig import Reply, Rig
from .same import VALUES, Both, same


class TestMirror:
    def test_function(self, both: Both, mirror: Pair) -> None:
        """The mirror's function, with one argument, several, and none."""

        def echoed(rig: Rig) -> list[Reply]:
            echo = rig.function("echo")
            values = [echo.exec(value) for value in VALUES]
            return [*values, echo.exec(1, "a", None), echo.validate({"Val": 1})]

        assert same(both, mirror, echoed)[-2:] == [Reply(True, [1, "a", None]), Reply(True, "")]

    def test_source(self, both: Both, mirror: Pair) -> None:
        """The mirror's source, but for the DATASOURCE (see test_differences)."""

        def ran(rig: Rig) -> Any:
            source = rig.source("settings", every=0.01, unit="°C")
            rows = [source.recv() for _ in range(3)]
            source.stop()
            return unmarked(rows, rig.plugin.mark)

        rows = same(both, mirror, ran)
        assert [row["message"]["number"] for row in rows] == [0, 1, 2]
        assert rows[0]["message"]["place"][0] == "rule"
        assert rows[0]["message"]["conf"]["unit"] == "°C"
        assert rows[0]["meta"] == {"plugin": "mirror"}

    def test_sink(self, both: Both, mirror: Pair) -> None:
        """The mirror's sink writes the same file."""
        lines = [b'[{"a":1}]', '{"b":"grün"}'.encode()]

        def written(rig: Rig) -> str:
            path = Path(rig.plugin.folder, "lines.txt")
            sink = rig.sink("lines", path=str(path))
            assert all(sink.send(line) for line in lines)
            # A source of the same plugin in between: its rows say that the sink had the time.
            source = rig.source("settings", every=0.01)
            while not path.exists() or path.read_text().count("\n") < len(lines):
                assert source.recv() is not None
            source.stop()
            sink.stop()
            return path.read_text()

        expected = "".join(line.decode() + "\n" for line in lines)
        assert same(both, mirror, written) == expected
        assert json.loads(expected.splitlines()[0]) == [{"a": 1}]
