"""The words and numbers of a plugin's status, wherever they are shown."""

import time
from collections.abc import Iterable
from typing import Any, NamedTuple

from ..shared.texts import count, duration, span, times

__all__ = ["TITLES", "Section", "nobody", "section", "unknown"]

TITLES = ("symbol", "rules", "rows/calls", "errors", "p50", "p99", "max")

_STATES = {
    "none": "down",
    "importing": "importing",
    "replaying": "starting",
    "serving": "serving",
    "switching": "reloading",
    "leaving": "ending",
    "silent": "does not answer",
}
_FEW = 3  # rules that are named


class Section(NamedTuple):
    """One plugin: a heading of name, state and the rest; what went wrong; a line per symbol."""

    name: str
    state: str
    well: bool
    rest: str
    faults: list[str]
    lines: list[tuple[str, ...]]


def nobody(directory: str) -> str:
    """That no plugin was found."""
    return (
        f"no plugin with a supervisor runs here as this user (looked in {directory}); "
        "to see those of another user, run this as that user"
    )


def unknown(known: Iterable[str]) -> str:
    """That no plugin has the name that was given, but these."""
    running = ", ".join(sorted(filter(None, known))) or "none"
    return f"no such plugin runs here (those that do: {running})"


def section(status: dict[str, Any]) -> Section:
    """A plugin's status in words."""
    state = str(status["state"])
    name, words = status["plugin"] or f"process {status['pid']}", _STATES.get(state, state)
    if state == "silent":
        return Section(name, words, False, "", [], [])
    return Section(
        name,
        words,
        state == "serving" and all(each["state"] != "stuck" for each in status["symbols"]),
        _rest(status),
        _faults(status),
        [_line(symbol) for symbol in status["symbols"]],
    )


def _rest(status: dict[str, Any]) -> str:
    parts = [f"up {span(status['uptime'])}"]
    if status["memory"] is not None:
        parts.append(f"{status['memory'] / 1e6:.1f} MB")
    worker = status["worker_pid"]
    parts.append(f"pid {status['pid']}" + (f", worker {worker}" if worker else ", no worker"))
    return " · ".join(parts)


def _faults(status: dict[str, Any]) -> list[str]:
    faults = []
    if status["failure"]:
        faults.append(str(status["failure"]))
    faults += [
        f"function {symbol['name']} has been at one call for {span(symbol['seconds'])}"
        for symbol in status["symbols"]
        if symbol["state"] == "stuck"
    ]
    reload = status.get("reload")
    if reload is not None and reload["error"] is not None:
        ago = span(max(0.0, time.time() - reload["time"]))
        faults.append(f"not reloaded {ago} ago: {reload['error']}")
    if status["deaths"]:
        last = status["deaths"][-1]
        ago = span(max(0.0, time.time() - last["time"]))
        fault = f"{times(status['restarts'], 'restart')}; the last worker ended {ago} ago"
        told = last["reason"] if last["reason"] != status["failure"] else ""
        faults.append(f"{fault}: {told}" if told else fault)
    return faults


def _line(symbol: dict[str, Any]) -> tuple[str, ...]:
    name = f"{symbol['kind']} {symbol['name']}"
    rules = _rules(symbol["rules"])
    if symbol["state"] != "running" and "calls" not in symbol:
        how = {"out": "left out", "waiting": "to start", "stuck": "stuck"}.get(symbol["state"], "")
        return (name, rules, how, "", "", "", "")
    called = symbol["kind"] == "function"
    return (
        name,
        rules,
        count(symbol["calls" if called else "rows"]),
        count(symbol["errors"]),
        *(duration(symbol[key]) if called else "" for key in ("p50", "p99", "max")),
    )


def _rules(names: list[str]) -> str:
    more = len(names) - _FEW
    shown = ", ".join(names[:_FEW])
    return f"{shown} and {more} more" if more > 0 else shown
