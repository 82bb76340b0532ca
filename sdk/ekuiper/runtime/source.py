"""A running source."""

from ..config import Conf
from ..errors import ChannelClosedError
from ..protocol.messages import Command
from ..transport import Outbox
from ..transport.ceded import Ceded
from .author import describe
from .context import SourceContext
from .symbol import RunningSymbol

__all__ = ["RunningSource", "datasource_of"]

DIAL_TIMEOUT = 2.0
"""Seconds to dial the host's socket, which it opens before it sends the start."""


def datasource_of(command: Command) -> str:
    """The stream's DATASOURCE: 1.x sends it beside the config, 2.x only inside."""
    found = command.datasource or Conf(command.config).get("datasource", "")
    return found if isinstance(found, str) else str(found)


class RunningSource(RunningSymbol):
    """Runs `open` of a source, and tells the rule when it ends."""

    kind = "source"
    close_interrupts = True
    _outbox: Outbox | None = None

    def prepare(self) -> None:
        self.author = self.make_author()
        self.call("configure", datasource_of(self.command), Conf(self.command.config))

    def connect(self, ceded: Ceded | None) -> None:
        url = self._addresses.data(self.command.meta)
        self._outbox = self._transport.push(url, timeout=DIAL_TIMEOUT, ceded=ceded)
        self.ctx = SourceContext(self.what, self.command.meta, self._outbox)

    def run(self) -> None:
        try:
            self.opened = True
            self.call("open", self.ctx)
            ending = "ended: open() returned"
        except BaseException as error:  # author code may raise anything, SystemExit included
            if self.stopping.is_set():
                return
            self.reporter.raised("open", error)
            ending = f"ended: {describe(error)}"
        if not self.stopping.is_set():
            self._tell(ending)

    def _tell(self, ending: str) -> None:
        self.reporter.wrong(
            f"{ending}; it is not opened again until the rule is restarted "
            "(rows that other threads emit still go through)"
        )
        try:
            self.ctx.emit_error(f"{self.what} {ending}")
        except ChannelClosedError:
            pass  # stopped meanwhile

    def cede(self) -> Ceded | None:
        return self._outbox.cede() if self._outbox is not None else None

    def counts(self) -> tuple[int, int]:
        return (self.ctx.rows, self.ctx.errors) if self.ctx is not None else (0, 0)

    def cut(self) -> None:
        if self._outbox is not None:
            self._outbox.close()
