"""What is usual for a figure, learned while it comes in."""

from math import sqrt

__all__ = ["Baseline"]

WARM_UP = 5  # values before the first score
MEMORY = 60  # values after which an old one has lost most of its weight
LIMIT = 3.0  # deviations; what lies further off teaches no more than this


class Baseline:
    """A running mean and variance that forget slowly and let no outlier carry them away.

    The first values are averaged; later ones count exponentially more than those before them.
    """

    def __init__(self) -> None:
        self._seen = 0
        self._mean = 0.0
        self._variance = 0.0

    def score(self, value: float) -> float | None:
        """How unusual `value` is: its distance from the usual, in standard deviations.

        0 is as usual, 3 rare, 6 hardly chance; negative is below the usual. None while there is
        too little to compare with. The value itself counts from the next call on.
        """
        spread = max(sqrt(self._variance), abs(self._mean) / 100, 1e-9)  # a constant has some, too
        distance = value - self._mean
        known = self._seen >= WARM_UP
        if known:
            self._learn(max(-LIMIT * spread, min(distance, LIMIT * spread)))
        else:
            self._learn(distance)
        return round(distance / spread, 2) if known else None

    def _learn(self, distance: float) -> None:
        self._seen += 1
        weight = max(1 / self._seen, 2 / (MEMORY + 1))
        self._mean += weight * distance
        self._variance = (1 - weight) * (self._variance + weight * distance**2)
