"""What differs between the versions of eKuiper that these tests run on; nowhere else."""

import json
import re
from typing import Any, NamedTuple

__all__ = ["Version", "with_init_timeout"]


class Version(NamedTuple):
    """A version of eKuiper, and its ways."""

    major: int
    minor: int
    patch: int

    @classmethod
    def parse(cls, text: str) -> "Version":
        """From the text that REST gives, such as `2.4.0` or `v2.4.0-rc.1`."""
        numbers = text.removeprefix("v").partition("-")[0].split(".")
        return cls(*(int(number) for number in numbers[:3]))

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}.{self.patch}"

    @property
    def starts_plugins_at_install(self) -> bool:
        """Else with the first rule, and they end with the last one; and no status is told."""
        return self.major >= 2

    @property
    def reports_source_errors(self) -> bool:
        """Whether what a source reports gets into the rule's status; else into the log alone."""
        return self.major >= 2

    @property
    def tells_failures(self) -> bool:
        """Whether the status of a rule tells what ended it; else the log does. Seen in 2.4.0."""
        return self[:2] != (2, 4)

    @property
    def takes_odd_ids(self) -> bool:
        """Whether a rule's id may hold more than letters, digits, `-` and `_`."""
        return self < (2, 4)

    @property
    def awaits_acks(self) -> bool:
        """Whether `requireAck` works."""
        return self.major >= 2

    @property
    def restarts_in_order(self) -> bool:
        """Whether a restarted rule stops before it starts: 1.14 may send the new start before the
        old stop, and so stops what it just started."""
        return self.major >= 2

    @property
    def reopens_sinks(self) -> bool:
        """Whether a rule with a plugin's sink can be started again: 1.14 keeps its ack socket."""
        return self.major >= 2

    @property
    def message_limit(self) -> int | None:
        """The most bytes it takes in one message."""
        return None if self.major >= 2 else 1 << 20

    def lossless(self, rows: int) -> tuple[dict[str, Any], dict[str, Any]]:
        """The options of a rule, and more properties of its action, with which this many rows are
        not lost however fast they come."""
        if self.major >= 2:
            return {"disableBufferFullDiscard": True}, {}
        return {"bufferLength": rows}, {"bufferLength": rows}

    def batch(self, *rows: Any) -> str:
        """The message into which it puts these results of one row each."""
        if self >= (2, 4):
            return _compact([[row] for row in rows])
        if self >= (2, 2):
            return "".join(_compact([row]) for row in rows)
        return _compact(list(rows))

    @property
    def ends_itself(self) -> bool:
        """Whether it panics when a plugin in use answers after an update that it cannot start."""
        return (2, 0) <= self <= (2, 1, 0)

    @property
    def mistakes_the_dead(self) -> bool:
        """Whether an update may take the process that it just killed for the new one."""
        return self < (2, 1, 3)


def with_init_timeout(settings: str, seconds: int) -> str:
    """The text of a `kuiper.yaml` with another `portable.initTimeout`: milliseconds in 1.x, a
    duration in 2.x."""
    return re.sub(
        r"\binitTimeout: \d+(s?)",
        lambda found: f"initTimeout: {f'{seconds}s' if found[1] else seconds * 1000}",
        settings,
    )


def _compact(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))
