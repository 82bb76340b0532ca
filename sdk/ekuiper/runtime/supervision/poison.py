"""Which requests kill the worker. Pure."""

from ...typed import NamedTuple

__all__ = ["DEATHS", "KEPT", "Suspect", "Suspects"]

DEATHS = 2
"""Workers that a request may kill before it is answered with an error."""

KEPT = 64
"""Requests that are remembered."""

FIRST_BAN = 60.0
LONGEST_BAN = 3600.0


class Suspect(NamedTuple):
    """A request that was at author code when workers died, and how the last of them did."""

    deaths: int
    until: float
    """When it may be tried again; 0.0: at once."""
    how: str

    def __str__(self) -> str:
        times = "twice" if self.deaths == DEATHS else f"{self.deaths} times"
        return f"{times} ({self.how})"


class Suspects:
    """Requests, each known by its mark, that were in flight when a worker died and have not been
    answered since.

    A second death bans one for a minute, each further death for twice as long, an hour at most: a
    function that is always asked the same shall not be lost for good.
    """

    def __init__(self) -> None:
        self._known: dict[int, Suspect] = {}

    @property
    def known(self) -> dict[int, Suspect]:
        """Each by its mark; the latest last."""
        return dict(self._known)

    def answered(self, mark: int) -> None:
        """Author code has done it: it is like any other."""
        self._known.pop(mark, None)

    def died(self, now: float, how: str, marks: list[int]) -> None:
        """A worker has, while these were in flight."""
        for mark in marks:
            known = self._known.pop(mark, None)
            deaths = known.deaths + 1 if known is not None else 1
            self._known[mark] = Suspect(deaths, _until(now, deaths), how)
        while len(self._known) > KEPT:
            del self._known[next(iter(self._known))]


def _until(now: float, deaths: int) -> float:
    if deaths < DEATHS:
        return 0.0
    return now + min(FIRST_BAN * 2.0 ** min(deaths - DEATHS, 10), LONGEST_BAN)
