"""End to end: calls that the host gave up, because they hung, never shift the answers of others."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from ekuiper.errors import CallError
from ekuiper.host.embedded import Host, Settings

from ..downstream.installed import PLUGINS, Installed, Sdk

LIMIT = 0.3
PLUGIN = f"""
import threading
from ekuiper import Function, PluginConfig, plugin

class Takes(Function):
    def exec(self, args, ctx):
        threading.Event().wait(args[0])
        return args[1]

plugin.start(PluginConfig("p", {{}}, {{}}, {{"takes": Takes}}, call_timeout={LIMIT}))
"""
LATE = 0.15
"""Seconds: longer than the host waits, and allowed."""

DEADLINE = 20.0


def ask_in_turn(ask: Callable[..., tuple[bool, object]]) -> list[str]:
    """Quick calls between such as are late and such as hang for ever: each of them that is answered
    at all gets its own answer, and soon one is. What became of those that hang."""
    others = []
    for number in range(18):
        seconds = {1: LATE, 4: 3600}.get(number % 6)
        if seconds is not None:
            state, result = ask(seconds, f"slow {number}")
            assert not state or result == f"slow {number}"
            if seconds > LIMIT:  # a host that was slow itself may have heard one that was late
                others.append("answered" if state else str(result))
            continue
        deadline = time.monotonic() + DEADLINE
        while True:
            state, result = ask(0, number)
            if state:
                break
            assert time.monotonic() < deadline, result
        assert result == number
    return others


def test_under_the_embedded_host(tmp_path: Path) -> None:
    """It gives up after less than those calls take, and goes on with the next."""
    (tmp_path / "p.json").write_text(
        '{"version": "1", "language": "python", "executable": "p.py", "functions": ["takes"]}'
    )
    (tmp_path / "p.py").write_text(PLUGIN)
    with Host(tmp_path, settings=Settings(recv_timeout=0.1)) as host:
        takes = host.function("takes")

        def ask(*args: object) -> tuple[bool, object]:
            try:
                return True, takes.exec(*args)
            except CallError as error:
                return False, str(error)

        others = ask_in_turn(ask)
        assert host.status == "running"
        assert host.generation == 1
    assert len(others) == 3
    assert all("time out" in each for each in others)


def test_a_patient_host_is_told_why(tmp_path: Path) -> None:
    """One that waits for longer than two workers last gets an error with the limit."""
    (tmp_path / "p.json").write_text(
        '{"version": "1", "language": "python", "executable": "p.py", "functions": ["takes"]}'
    )
    (tmp_path / "p.py").write_text(PLUGIN)
    with Host(tmp_path, settings=Settings(recv_timeout=DEADLINE)) as host:
        takes = host.function("takes")
        for number in range(3):
            with pytest.raises(CallError, match=r"killed its worker twice \(call_timeout=0.3 s\)"):
                takes.exec(3600, number)
            assert takes.exec(0, number) == number


@pytest.mark.parametrize("transport", ["ipc", "nng"])
def test_under_a_host_of_pynng(transport: str) -> None:
    """On either transport."""
    pytest.importorskip("pynng", reason="needs pynng: pip install pynng")
    from ..downstream.nng_host import NngHost

    sdk = Sdk(transport, Path(sys.executable), confined=True, env={"EKUIPER_TRANSPORT": transport})
    lines = {"marked(FUNCTIONS)))": f"marked(FUNCTIONS), call_timeout={LIMIT}))"}
    with Installed(sdk, PLUGINS / "rough.py", lines) as plugin, NngHost(plugin) as host:
        takes = host.function("takes")
        others = ask_in_turn(lambda *args: takes.exec(*args, timeout=0.1))
        assert others == ["time out"] * 3
        reply = takes.exec(3600, "patient", timeout=DEADLINE)
        assert "killed its worker twice (call_timeout=0.3 s)" in str(reply.result)
        assert takes.exec(0, "last") == (True, "last")
