"""What a benchmark found, for people and for programs."""

from dataclasses import asdict
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ...host.measuring import Measured
from ..shared.faults import heading, print_faults, print_log
from ..shared.jsontext import json_line
from ..shared.texts import count, duration, rate, span, times

__all__ = ["print_report", "report_json"]

_FAULTS = 10
_BAR = 24
_EIGHTHS = " ▏▎▍▌▋▊▉"
_BUSY = 0.85
_COLORS = {"host": "blue", "wire": "cyan", "codec": "magenta", "your code": "green"}
_MEANT = {
    "function": {
        "host": "this host asks and reads the answer",
        "wire": "sockets, and waking two processes",
        "codec": "the SDK decodes, calls, encodes",
        "your code": "exec",
    },
    "source": {
        "wire": "to the host, or until it has room",
        "codec": "the SDK encodes the row",
        "your code": "at work, between two emits",
        "waiting": "asleep or for I/O, between two emits",
    },
    "sink": {
        "wire": "from the host, or until it sends",
        "codec": "the SDK calls and acknowledges",
        "your code": "collect",
    },
}


def report_json(plugin: str, measured: Measured) -> str:
    """One JSON object; times are seconds, shares from 0 to 1."""
    ok = bool(measured.count) and not measured.failures and not measured.errors
    found: dict[str, Any] = {"type": "bench", "ok": ok, "plugin": plugin, **asdict(measured)}
    found["faults"] = [
        {
            "where": fault.where,
            "text": fault.text,
            "location": fault.location or None,
            "count": fault.count,
        }
        for fault in measured.faults
    ]
    return json_line(found)


def print_report(console: Console, plugin: str, measured: Measured, *, bars: bool) -> None:
    """Figures, where the time goes, errors, and in one line how it ended."""
    console.print(_head(plugin, measured), soft_wrap=True)
    if measured.parts:
        console.print()
        console.print(heading(_title(measured)))
        console.print(_shares(measured, console.width, bars=bars))
        for text in _notes(measured):
            console.print(Text(f"  {text}", "dim"))
    elif measured.count and measured.unexplained is not None and not measured.failures:
        unknown = f"  where the time goes is not known: {measured.unexplained}"
        console.print(Text(unknown, "dim"), soft_wrap=True)
    print_faults(console, measured.faults, _FAULTS)
    if measured.log:
        print_log(console, measured.log)
    console.print()
    console.print(_verdict(plugin, measured), soft_wrap=True)


def _head(plugin: str, measured: Measured) -> Text:
    text = Text.assemble((measured.name, "bold"), (f"  {measured.kind} of {plugin}\n", "dim"))
    text.append("  ").append(rate(measured.rate), "bold green").append(f" {measured.unit}s/s")
    of = "collect " if measured.kind == "sink" else ""
    for name, value in (
        ("p50", measured.p50),
        ("p99", measured.p99),
        ("max", measured.longest),
    ):
        if value is not None:
            text.append(f"   {of}{name} ", "dim").append(duration(value))
            of = ""
    return text


def _title(measured: Measured) -> str:
    what = {"function": "a call", "source": "a row", "sink": "a message"}[measured.kind]
    return f"where the time of {what} goes"


def _shares(measured: Measured, width: int, *, bars: bool) -> Table:
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    for _ in range(4):
        table.add_column(justify="right", no_wrap=True)
    if bars:
        table.add_column(no_wrap=True, min_width=_BAR)
    explained = width >= 100 if bars else width >= 80
    if explained:
        table.add_column(no_wrap=True, overflow="ellipsis")
    titles = ["", "share", "mean", "p50", "p99", *([""] if bars else [])]
    table.add_row(*(Text(title, "dim") for title in titles))
    most = max(part.share for part in measured.parts)
    for part in measured.parts:
        color = _COLORS.get(part.name, "")
        row = [
            Text(f"  {part.name}", color),
            Text(f"{part.share:.1%}", "bold"),
            Text(_time(part.mean)),
            Text(_time(part.p50), "dim"),
            Text(_time(part.p99), "dim"),
        ]
        if bars:
            row.append(Text(_bar(part.share / most if most else 0.0), color))
        if explained:
            row.append(Text(_MEANT[measured.kind].get(part.name, ""), "dim"))
        table.add_row(*row)
    return table


def _time(seconds: float) -> str:
    return f"{seconds * 1e9:.0f} ns" if seconds < 1e-6 else duration(seconds)


def _bar(share: float) -> str:
    eighths = round(max(0.0, share) * _BAR * 8)
    return ("█" * (eighths // 8) + _EIGHTHS[eighths % 8]).rstrip()


def _notes(measured: Measured) -> list[str]:
    """What helps to read the shares."""
    found = []
    what = {"function": "calls", "source": "rows", "sink": "messages"}[measured.kind]
    cost = ""
    if measured.slower is not None and measured.slower >= 0.005:
        cost = f", {measured.slower:.0%} slower for its stamps"
    found.append(f"from a second run: {count(measured.stamped)} {what}{cost}")
    if measured.waiting >= 0.2 and measured.kind != "source":
        found.append(
            f"your code waited {measured.waiting:.0%} of its time: asleep, for I/O or for a thread"
        )
    if measured.host_busy >= _BUSY and measured.kind != "function":
        found.append(
            f"this host was busy {measured.host_busy:.0%} of the time: eKuiper may take more"
        )
    return found


def _verdict(plugin: str, measured: Measured) -> Text:
    counted = f"{times(measured.count, measured.unit)} in {span(measured.seconds)}"
    problems = [*([times(measured.errors, "error")] if measured.errors else [])]
    problems += measured.failures
    if measured.interrupted:
        counted += ", ended by Ctrl-C"
    if not measured.count and not problems:
        problems.append("nothing came")
    if problems:
        told = Text.assemble(("✗ ", "bold red"), (measured.name, "bold"), f" {counted}: ")
        return told.append("; ".join(problems))
    return Text.assemble(("✓ ", "bold green"), (measured.name, "bold"), f" {counted}, no error")
