"""The rows of the tables: which figures, in which order, under which words."""

from collections.abc import Iterator
from typing import NamedTuple

from .results import Place, Results
from .settings import SETTINGS
from .subjects import SUBJECTS
from .targets import Target, Verdict, judge

__all__ = ["COLUMNS", "HOSTS", "LEGEND", "Notes", "Row", "Section", "number", "sections", "text_of"]

COLUMNS = {
    "ours": "ours",
    "stdlib": "stdlib",
    "sleeping": "sleeps",
    "polling": "polls",
    "official": "official",
    "go": "Go",
    "limit": "C",
    "limit_polling": "C polls",
    "bare": "bare",
}
"""What subjects are called above their figures."""

_BESIDE = ("ours", "stdlib", "official", "go", "limit", "limit_polling", "bare")
_WAYS = ("sleeping", "polling", "ours")

_LINES = (
    ("function", "rate", "function, /s"),
    ("function", "p50", "  p50, µs"),
    ("function", "p99", "  p99, µs"),
    ("function", "both_cpu", "  CPU s/100 k"),
    ("two", "rate", "two functions, /s"),
    ("together", "rate", "all three, /s"),
    ("source", "rate", "source, /s"),
    ("source", "plugin_cpu", "  plugin CPU s/100 k"),
    ("sink", "rate", "sink, /s"),
    ("sink", "plugin_cpu", "  plugin CPU s/100 k"),
    ("large-function", "rate", "1 MB function, /s"),
    ("large-source", "rate", "1 MB source, /s"),
    ("large-sink", "rate", "1 MB sink, /s"),
    ("loss", "lost", "lost at 10,000/s, %"),
    ("start", "over", "start, ms over bare"),
    ("script", "over", "  by plugin.start"),
    ("import", "over", "import, ms over bare"),
    ("memory", "memory", "memory, MB"),
    ("memory", "threads", "threads of the worker"),
    ("memory", "all_threads", "  of all"),
    ("slow", "share", "CPU at 100 rows/s, %"),
    ("rest", "ticks", "CPU at rest, 1/100 s"),
)

_GROWTH = ("functions", "rules")

HOSTS = {
    "real": "a real eKuiper",
    "light": "the light host",
    "mangos": "mangos",
    "process": "the process",
}

LEGEND = (
    "/s: calls or rows a second. CPU s/100 k: of host and plugin for 100,000 of them. all three: "
    "source, function and sink of one plugin in one rule. ours: with orjson; stdlib: with the json "
    "of the standard library. official: ekuiper 2.4.2; Go: its package for Go. C: a plugin that "
    "does no work, and sleeps, or polls for 60 µs, until the next call. bare: a Python plugin of "
    "sockets and orjson alone, which polls too: what of C's figures is left for any Python. "
    "mangos: a small host in Go on the sockets that eKuiper uses. over bare: more than the "
    "interpreter alone; start: by a launcher, which a pack has. Medians; CPU and memory "
    "are those of the plugin's whole process tree."
)
"""What the words in the tables mean."""

_SHORT = {"idle": "two cores", "one": "one core", "busy": "one busy", "quota": "quota"}

_DIGITS = "⁰¹²³⁴⁵⁶⁷⁸⁹"


class Row(NamedTuple):
    """A label, a text for each column, and what is to be reached."""

    label: str
    cells: list[str]
    verdicts: list[Verdict]


class Section(NamedTuple):
    """A table: its title, the subjects of its columns, its rows."""

    title: str
    columns: list[str]
    rows: list[Row]


class Notes:
    """Reasons why there is no figure, each told once below the tables."""

    def __init__(self) -> None:
        self._subjects: dict[str, list[str]] = {}

    def mark(self, subject: str, reason: str) -> str:
        """What stands in the place of the figure."""
        concerned = self._subjects.setdefault(reason, [])
        if subject not in concerned:
            concerned.append(subject)
        return _sign(list(self._subjects).index(reason))

    def texts(self) -> Iterator[str]:
        """What the marks mean."""
        for index, (reason, subjects) in enumerate(self._subjects.items()):
            who = " and ".join(SUBJECTS[subject] for subject in subjects)
            yield f"{_sign(index)} {who}: {reason}"


def _sign(index: int) -> str:
    return "".join(_DIGITS[int(digit)] for digit in str(index + 1))


def sections(results: Results, notes: Notes) -> Iterator[Section]:
    """All tables that the results have figures for."""
    for host in HOSTS:
        settings = [key for key in SETTINGS if _measured(results, host, key)]
        for setting in settings:
            rows = list(_lines(results, host, setting))
            yield _section(results, _title(results, host, setting), rows, _BESIDE, notes)
        ways = list(_ways(results, host, settings))
        if ways:
            title = f"How it waits, on {_name(results, host)}: calls or rows/s"
            yield _section(results, title, ways, _WAYS, notes)


def number(value: float, metric: str) -> str:
    """A figure as short as it may be."""
    if metric == "rate" and value >= 1000:
        return _thousands(value)
    if metric in ("threads", "all_threads", "ticks") or value >= 100:
        return f"{value:.0f}"
    return f"{value:.2f}" if metric.endswith("_cpu") else f"{value:.1f}"


def _thousands(value: float) -> str:
    for bound, unit, size, decimals in (
        (9_995, "k", 1e3, 2),
        (99_950, "k", 1e3, 1),
        (999_500, "k", 1e3, 0),
        (9_995_000, "M", 1e6, 2),
    ):
        if value < bound:
            return f"{value / size:.{decimals}f} {unit}"
    return f"{value / 1e6:.1f} M"


def text_of(verdict: Verdict) -> str:
    """What was reached, and what was to be."""
    target = verdict.target
    sign = "≤" if target.at_most else "≥"
    return f"{_reached(target, verdict.value)} {sign} {_short(target.bound)}"


def _reached(target: Target, value: float | None) -> str:
    shown = "?" if value is None else _short(value)
    if target.of == "stdlib":
        return f"stdlib {shown} ×"
    if target.more:
        return f"{shown} more than {target.by}"
    return f"{shown} × {target.by}" if target.to else shown


def _short(value: float) -> str:
    """Two decimals, a third one for what is small."""
    if value >= 10:
        return f"{value:.1f}".removesuffix(".0")
    text = f"{value:.3f}" if value < 0.2 else f"{value:.2f}"
    return text.rstrip("0").removesuffix(".")


_Line = tuple[Place, str, str]


def _lines(results: Results, host: str, setting: str) -> Iterator[_Line]:
    measured = _measured(results, host, setting)
    for measure, metric, label in _LINES:
        if measure in measured and not (host == "real" and metric in ("p50", "p99")):
            yield Place(host, setting, measure), metric, label
    for measure in measured:
        stem, _, count = measure.partition("-")
        if stem in _GROWTH and count.isdecimal():
            many = stem if count != "1" else stem.removesuffix("s")
            place = Place(host, setting, measure)
            yield place, "rate", f"{count} {many}, /s"
            yield place, "memory", "  memory, MB"


def _ways(results: Results, host: str, settings: list[str]) -> Iterator[_Line]:
    """The rates for which the ways of waiting were measured."""
    for setting in settings:
        for measure, metric, label in _LINES:
            place = Place(host, setting, measure)
            if metric == "rate" and results.figure(place, "sleeping", metric) is not None:
                yield place, metric, f"{label.partition(',')[0]}, {_SHORT[setting]}"


def _measured(results: Results, host: str, setting: str) -> list[str]:
    return [place.measure for place in results.places() if place[:2] == (host, setting)]


def _title(results: Results, host: str, setting: str) -> str:
    if host == "process":
        return "The process by itself"
    return f"On {_name(results, host)}, {SETTINGS[setting].label}"


def _name(results: Results, host: str) -> str:
    return str(results.about.get(host, HOSTS[host]))


def _section(
    results: Results, title: str, lines: list[_Line], subjects: tuple[str, ...], notes: Notes
) -> Section:
    known = {subject for place, _, _ in lines for subject in results.subjects(place)}
    asked = [subject for subject in subjects if subject in known]
    rows = [
        Row(
            label,
            [_cell(results, place, subject, metric, notes) for subject in asked],
            _verdicts(results, place, metric, subjects),
        )
        for place, metric, label in lines
    ]
    return Section(title, asked, rows)


def _verdicts(
    results: Results, place: Place, metric: str, subjects: tuple[str, ...]
) -> list[Verdict]:
    """In the table of ways only what is said of ways, and only there."""
    return [
        verdict
        for verdict in judge(results, place, metric)
        if (verdict.target.to == ("sleeping", "polling")) == (subjects is _WAYS)
    ]


def _cell(results: Results, place: Place, subject: str, metric: str, notes: Notes) -> str:
    figure = results.figure(place, subject, metric)
    if figure is not None:
        return number(figure, metric)
    reason = results.reason(place, subject)
    return notes.mark(subject, reason) if reason else ""
