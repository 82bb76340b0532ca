"""What every way to show a run has in common."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

from ...host.embedded.counters import Fault
from .figures import Moment, Notice
from .log import PluginLog

__all__ = ["NewFaults", "View"]


class NewFaults:
    """Tells each mistake once, however often it happens."""

    def __init__(self) -> None:
        self._told: set[tuple[str, str]] = set()

    def of(self, moment: Moment) -> list[Fault]:
        """Those not told before."""
        found = {fault.kind: fault for fault in moment.faults}
        new = [fault for key, fault in found.items() if key not in self._told]
        self._told.update(found)
        return new


class View(Protocol):
    """Shows a run while it goes on, and how it ended. The main thread calls it, but for `rows`
    and `logged`."""

    every: float
    """Seconds between two calls of `show`."""

    gone: bool
    """Whether nobody reads any more what is shown (a closed pipe)."""

    def starting(self, plugin: str, log: PluginLog | None) -> AbstractContextManager[Any]:
        """Lasts while the plugin and its symbols start."""

    def note(self, text: str) -> None:
        """Something worth knowing that is no failure."""

    def anew(self) -> AbstractContextManager[Any]:
        """Lasts while all begins anew: rows that come meanwhile are shown after what is told."""

    def changed(self, notice: Notice) -> None:
        """Files that are watched were saved; moments have the last notice, too."""

    def rows(self, rule: str, rows: Sequence[dict[str, Any]]) -> None:
        """Rows came out; called on the pipeline's thread, which waits meanwhile."""

    def logged(self, rule: str, text: str) -> None:
        """A log action of a rule logs this; called on the rule's thread."""

    def log(self, lines: Sequence[str]) -> None:
        """The plugin wrote these lines."""

    def show(self, moment: Moment) -> None:
        """This is how it stands now."""

    def finish(self, moment: Moment, failures: Sequence[str]) -> None:
        """It is over; without failures all went well. `moment` has a log only where that may tell
        what went wrong."""
