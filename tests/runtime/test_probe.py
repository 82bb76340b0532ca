"""Stamps around one symbol."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from ekuiper import Context, Function, PluginConfig
from ekuiper.errors import ConfigError
from ekuiper.runtime.probe import Laps, probed
from ekuiper.testing import Host
from ekuiper.transport.memory import MemoryTransport


class Doubled(Function):
    def exec(self, args: list[Any], ctx: Context) -> Any:
        return args[0] * 2


class Awaited(Function):
    async def exec(self, args: list[Any], ctx: Context) -> Any:  # type: ignore[override]
        return args[0] * 2


def test_laps_are_read_while_they_are_written(tmp_path: Path) -> None:
    """By another that maps the same file; those before a number are left out."""
    writer, reader = Laps(str(tmp_path / "laps")), Laps(str(tmp_path / "laps"))
    for number in range(3):
        writer.add(number, 1, 2, 3, 4, 5, 6)

    assert reader.written == 3
    assert [lap.receiving for lap in reader.read(since=1)] == [1, 2]
    assert reader.read()[0] == (0, 1, 2, 3, 4, 5, 6)
    writer.close()
    reader.close()


@pytest.mark.parametrize("factory", [Doubled, Awaited])
def test_only_the_named_symbol_is_stamped(tmp_path: Path, factory: type[Function]) -> None:
    """And it works as before, coroutine or not."""
    path = tmp_path / "laps"
    config = PluginConfig("p", functions={"f": factory, "g": Doubled})
    changed, _ = probed(f"function:f:{path}", config, MemoryTransport())

    assert changed.functions["g"] is Doubled
    with Host(changed) as host:
        assert host.function("f").exec(2) == 4
        assert host.function("f").is_aggregate() is False


@pytest.mark.parametrize("text", ["f", "thing:f:/x", "function:f:relative"])
def test_nonsense_is_refused(text: str) -> None:
    """With the form it must have."""
    with pytest.raises(ConfigError, match="KIND:SYMBOL:FILE"):
        probed(text, PluginConfig("p"), MemoryTransport())


def test_it_is_not_loaded_unless_asked_for() -> None:
    """A plugin that is not measured pays nothing."""
    code = "import ekuiper.runtime.process, sys; print('ekuiper.runtime.probe' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout == "False\n"
