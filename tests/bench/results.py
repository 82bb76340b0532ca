"""What a bench found, and what it could not measure."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from .loops import Figures

__all__ = ["Place", "Results", "derived"]

_FORMAT = 1  # of the JSON text


class Place(NamedTuple):
    """What was measured, and where: host "real", "light", "mangos" or "process", setting and
    measure."""

    host: str
    setting: str
    measure: str


class _Key(NamedTuple):
    place: Place
    subject: str
    metric: str


class Results:
    """Samples of every metric, one for each round; figures are their medians."""

    def __init__(self, about: Mapping[str, Any] | None = None) -> None:
        self.about = dict(about or {})
        """When, where and with what."""
        self.absent: dict[str, str] = {}
        """Hosts that are not there, and why."""
        self._samples: dict[_Key, list[float]] = {}
        self._missing: dict[tuple[Place, str], str] = {}

    def add(self, place: Place, subject: str, figures: Figures) -> None:
        """One round's figures of a subject."""
        for metric, value in figures.items():
            self._samples.setdefault(_Key(place, subject, metric), []).append(value)

    def miss(self, place: Place, subject: str, reason: str) -> None:
        """Why a subject has no figures there; other rounds may have some."""
        self._missing[place, subject] = reason

    def figure(self, place: Place, subject: str, metric: str) -> float | None:
        """The median of the samples, if there are any."""
        samples = self._samples.get(_Key(place, subject, metric))
        return median(samples) if samples else None

    def reason(self, place: Place, subject: str) -> str:
        """Why there is no figure; "" if nobody asked for one."""
        return self._missing.get((place, subject), "")

    def subjects(self, place: Place) -> set[str]:
        """Whoever was measured there, or should have been."""
        measured = {key.subject for key in self._samples if key.place == place}
        return measured | {subject for where, subject in self._missing if where == place}

    def places(self) -> Iterator[Place]:
        """Every place, in the order in which they were first measured."""
        seen = [key.place for key in self._samples] + [place for place, _ in self._missing]
        yield from dict.fromkeys(seen)

    def write(self, file: Path) -> None:
        """As JSON."""
        figures = [
            {**key.place._asdict(), "subject": key.subject, "metric": key.metric}
            | {"median": median(samples), "samples": samples}
            for key, samples in self._samples.items()
        ]
        missing = [
            {**place._asdict(), "subject": subject, "reason": reason}
            for (place, subject), reason in self._missing.items()
        ]
        whole = {"format": _FORMAT, "about": self.about, "absent": self.absent}
        whole |= {"figures": figures, "missing": missing}
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(whole, indent=1, ensure_ascii=False) + "\n", "utf-8")

    @classmethod
    def read(cls, file: Path) -> "Results":
        """What `write` wrote. Raises `ValueError` for anything else."""
        whole = json.loads(file.read_text("utf-8"))
        if not isinstance(whole, dict) or whole.get("format") != _FORMAT:
            raise ValueError(f"{file} is no result of this bench: make it anew with make bench")
        results = cls(whole["about"])
        results.absent = whole["absent"]
        for one in whole["figures"]:
            place = Place(one["host"], one["setting"], one["measure"])
            results._samples[_Key(place, one["subject"], one["metric"])] = one["samples"]
        for one in whole["missing"]:
            results.miss(
                Place(one["host"], one["setting"], one["measure"]), one["subject"], one["reason"]
            )
        return results


def derived(figures: Figures) -> Figures:
    """What tables show of a window: rows a second, and seconds of CPU for 100,000 rows."""
    whole = {**figures, "rate": figures["rows"] / figures["seconds"]}
    hundred_thousand = figures["rows"] / 100_000
    for name in ("plugin_cpu", "host_cpu"):
        if name in figures:
            whole[name] = figures[name] / hundred_thousand
    if "plugin_cpu" in figures:
        whole["share"] = 100 * figures["plugin_cpu"] / figures["seconds"]
        if "host_cpu" in figures:
            whole["both_cpu"] = whole["plugin_cpu"] + whole["host_cpu"]
    return whole
