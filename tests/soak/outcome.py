"""What came of a soak, and whether it is good."""

from collections.abc import Sequence
from statistics import median
from typing import Any, NamedTuple

__all__ = ["MOST_GROWTH", "Outcome", "Sample"]

MOST_GROWTH = 1.0
"""Megabytes that the plugin may hold more at the end than after its warm-up."""

_WARM = 0.1  # of the time
_ENDS = 3  # samples that make one end


class Sample(NamedTuple):
    """Of all processes of the plugin: megabytes of their own (PSS), descriptors and threads."""

    memory: float
    descriptors: int
    threads: int


class Outcome(NamedTuple):
    """Rows are counted by the plugin itself; `workers` is how many there were of it."""

    host: str
    seconds: float
    fastest: float
    """Rows a second, when they came as fast as they could."""
    rate: float
    sent: int
    received: int
    lost: int
    doubled: int
    shifted: int
    workers: int
    samples: Sequence[Sample]

    def ends(self) -> tuple[Sample, Sample]:
        """After the warm-up, and at the end."""
        warm = self.samples[min(int(len(self.samples) * _WARM) + 1, len(self.samples) - 1) :]
        return _middle(warm[:_ENDS]), _middle(warm[-_ENDS:])

    @property
    def growth(self) -> float:
        """Megabytes."""
        first, last = self.ends()
        return last.memory - first.memory

    def faults(self) -> list[str]:
        """What is wrong; empty if nothing is."""
        first, last = self.ends()
        wrong = {
            "no row came": not self.received,
            "rows were lost": self.lost > 0,
            "rows came twice": self.doubled > 0,
            "answers were shifted": self.shifted > 0,
            "the worker died": self.workers > 1,
            f"memory grew by {MOST_GROWTH:g} MB or more": self.growth >= MOST_GROWTH,
            "descriptors were not closed": last.descriptors > first.descriptors,
            "threads did not end": last.threads > first.threads,
        }
        return [text for text, is_so in wrong.items() if is_so]

    def text(self) -> str:
        """For a person."""
        first, last = self.ends()
        verdict = "; ".join(self.faults()) or "all is well"
        return (
            f"{self.host}, {self.seconds:.0f} s at {self.rate:,.0f} rows/s, "
            f"half of {self.fastest:,.0f}\n"
            f"  rows         {self.sent:,} sent, {self.lost:,} lost, {self.doubled:,} doubled, "
            f"{self.shifted:,} shifted\n"
            f"  memory       {first.memory:.1f} MB after the warm-up, {last.memory:.1f} MB at the "
            f"end: {self.growth:+.2f} (under {MOST_GROWTH:g})\n"
            f"  descriptors  {first.descriptors}, {last.descriptors} at the end\n"
            f"  threads      {first.threads}, {last.threads} at the end\n"
            f"  {verdict}"
        )

    def as_json(self) -> dict[str, Any]:
        """For a program."""
        whole = {**self._asdict(), "samples": [sample._asdict() for sample in self.samples]}
        return {**whole, "growth": self.growth, "faults": self.faults()}


def _middle(samples: Sequence[Sample]) -> Sample:
    memory, descriptors, threads = zip(*samples, strict=True)
    return Sample(median(memory), int(median(descriptors)), int(median(threads)))
