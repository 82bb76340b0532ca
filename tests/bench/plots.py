"""The figures as pictures."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import matplotlib
from matplotlib.figure import Figure

from .results import Place, Results
from .settings import SETTINGS

__all__ = ["Plot", "draw_all"]

_COLOURS = {
    "ours": "#1f6feb",
    "sleeping": "#9ec5fe",
    "polling": "#f2a65a",
    "official": "#8b949e",
    "limit": "#d0d7de",
    "limit_polling": "#57606a",
}
_LABELS = {
    "ours": "this package",
    "sleeping": "always sleeping",
    "polling": "always polling",
    "official": "official 2.4.2",
    "limit": "C, no work",
    "limit_polling": "C, no work, polling",
}

# The same bytes for the same figures, and text that can be selected and searched.
_STYLE = {
    "svg.hashsalt": "ekuiper",
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 10,
    "axes.titlelocation": "left",
    "figure.dpi": 100,
}


class Plot(NamedTuple):
    """A picture: the name of its file, and what it shows, for those who cannot see it."""

    name: str
    text: str


def draw_all(results: Results, folder: Path) -> list[Plot]:
    """Draw whatever there are figures for; returns what was drawn, as `folder/<name>.svg`."""
    folder.mkdir(parents=True, exist_ok=True)
    host = "real" if "real" in results.about else "light"
    drawn = []
    with matplotlib.rc_context(_STYLE):  # type: ignore[arg-type]
        for name, text, draw in _PLOTS:
            figure = draw(results, host)
            if figure is not None:
                figure.savefig(folder / f"{name}.svg", metadata={"Date": None}, bbox_inches="tight")
                drawn.append(Plot(name, text))
    return drawn


class _Bars(NamedTuple):
    """One panel: a group of bars for each place, a bar for each subject that has a figure."""

    title: str
    places: Sequence[Place]
    metric: str
    subjects: Sequence[str]


def _rates(results: Results, host: str) -> Any:
    panels = [
        _Bars(
            f"{measure}, thousands a second",
            [Place(host, setting, measure) for setting in SETTINGS],
            "rate",
            ("ours", "official", "limit", *["limit_polling"] * (measure == "function")),
        )
        for measure in ("function", "source", "sink")
    ]
    return _panels(results, panels, scale=1000)


def _cpu(results: Results, host: str) -> Any:
    panels = [
        _Bars(title, [Place(host, setting, measure) for setting in SETTINGS], metric, _PACKAGES)
        for measure, metric, title in (
            ("function", "both_cpu", "function: host and plugin, s per 100 k"),
            ("source", "plugin_cpu", "source: plugin, s per 100 k"),
            ("sink", "plugin_cpu", "sink: plugin, s per 100 k"),
        )
    ]
    return _panels(results, panels)


def _waits(results: Results, host: str) -> Any:
    panels = [
        _Bars(
            f"{title}, thousands a second",
            [Place(host, setting, measure) for setting in SETTINGS],
            "rate",
            ("sleeping", "polling", "ours"),
        )
        for measure, title in (
            ("function", "one function"),
            ("two", "two functions"),
            ("together", "source+function+sink"),
        )
    ]
    return _panels(results, panels, scale=1000)


_PACKAGES = ("ours", "official")


def _panels(results: Results, panels: Sequence[_Bars], scale: float = 1) -> Any:
    """Side by side, those with figures; None if none has any."""
    panels = [panel for panel in panels if _known(results, panel)]
    if not panels:
        return None
    figure = Figure(figsize=(3.2 * len(panels), 2.8))
    axes = figure.subplots(1, len(panels), squeeze=False)
    for panel, axis in zip(panels, axes[0], strict=True):
        _bars(axis, results, panel, scale)
    handles = {
        handle.get_label(): handle for axis in axes[0] for handle in axis.containers if handle
    }
    figure.legend(
        handles.values(),
        handles.keys(),
        loc="upper left",
        bbox_to_anchor=(0, 0),
        ncols=4,
        frameon=False,
    )
    figure.tight_layout()
    return figure


def _known(results: Results, panel: _Bars) -> list[Place]:
    return [
        place
        for place in panel.places
        if any(results.figure(place, subject, panel.metric) for subject in panel.subjects)
    ]


def _bars(axis: Any, results: Results, panel: _Bars, scale: float) -> None:
    places = _known(results, panel)
    width = 0.8 / len(panel.subjects)
    for index, subject in enumerate(panel.subjects):
        figures = [(results.figure(place, subject, panel.metric) or 0) / scale for place in places]
        middles = [at - 0.4 + width * (index + 0.5) for at in range(len(places))]
        label, colour = _LABELS[subject], _COLOURS[subject]
        bars = axis.bar(middles, figures, width * 0.92, label=label, color=colour)
        axis.bar_label(bars, fmt="%.3g", fontsize=6 if len(places) > 3 else 7, padding=1)
    axis.set_title(panel.title)
    axis.set_xticks(range(len(places)))
    axis.set_xticklabels([_in_lines(SETTINGS[place.setting].label) for place in places])
    axis.set_yticks([])
    axis.spines["left"].set_visible(False)


def _in_lines(label: str) -> str:
    """A word or two a line: there are up to four beside each other."""
    return (
        label.replace(", ", ",\n")
        .replace(" for ", "\nfor ")
        .replace(" idle", "\nidle")
        .replace(" of ", "\nof ")
    )


def _growth(results: Results, host: str) -> Any:
    wanted = [
        (measure, metric, title, what)
        for measure, what in (("functions", "functions declared"), ("rules", "rules"))
        for metric, title in (("rate", "calls/s"), ("memory", "memory, MB"))
        if _curve(results, measure, "ours", metric)
    ]
    if not wanted:
        return None
    figure = Figure(figsize=(2.6 * len(wanted), 2.4))
    axes = figure.subplots(1, len(wanted), squeeze=False)
    for (measure, metric, title, what), axis in zip(wanted, axes[0], strict=True):
        for subject in _PACKAGES:
            curve = _curve(results, measure, subject, metric)
            label, colour = _LABELS[subject], _COLOURS[subject]
            axis.plot(*zip(*curve, strict=True), marker="o", label=label, color=colour)
        axis.set_title(title)
        axis.set_xlabel(what)
        axis.set_xscale("log")
        axis.set_xticks([count for count, _ in curve], [str(count) for count, _ in curve])
        axis.set_xticks([], minor=True)
        axis.set_ylim(0, axis.get_ylim()[1] * 1.05)
    axes[0][0].legend(frameon=False)
    figure.tight_layout()
    return figure


def _curve(results: Results, stem: str, subject: str, metric: str) -> list[tuple[int, float]]:
    points = []
    for place in results.places():
        name, _, count = place.measure.partition("-")
        figure = results.figure(place, subject, metric)
        if place.host == "process" and name == stem and figure is not None:
            points.append((int(count), figure))
    return sorted(points)


_PLOTS: Sequence[tuple[str, str, Callable[[Results, str], Any]]] = (
    ("rates", "Calls of a function, rows of a source and rows of a sink, a second", _rates),
    ("cpu", "Processor time for 100,000 calls or rows", _cpu),
    ("waits", "Calls a second by the way in which the next one is waited for", _waits),
    ("growth", "Calls a second and memory with more functions and more rules", _growth),
)
