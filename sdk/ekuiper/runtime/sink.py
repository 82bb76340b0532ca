"""A running sink."""

from collections.abc import Callable

from ..config import Conf, PluginConfig
from ..errors import ChannelClosedError
from ..protocol.addresses import Addresses
from ..protocol.messages import Ack, Command
from ..transport import Inbox, Transport
from ..transport.ceded import Ceded
from .acks import Acks
from .context import SinkContext
from .guard import Guard
from .keeping import Keeping, Kept, KeptDoor
from .supervision.custody import name_of
from .symbol import RunningSymbol

__all__ = ["RunningSink"]

OPEN_PAUSES = (1.0, 2.0, 4.0, 8.0, 15.0, 30.0)
"""Seconds between attempts to open a sink: answering its start with an error instead would make the
host leak its ack listener, and the rule could not be started again."""


class RunningSink(RunningSymbol):
    """Listens for messages, gives each to `collect`, and acknowledges it where the host waits for
    that."""

    kind = "sink"
    _inbox: Inbox | None = None
    _acks: Acks | None = None
    _kept: Kept | KeptDoor | None = None
    _rows = _errors = 0

    def __init__(
        self,
        command: Command,
        config: PluginConfig,
        transport: Transport,
        addresses: Addresses,
        guard: Guard | None = None,
        keeping: Keeping | None = None,
    ) -> None:
        super().__init__(command, config, transport, addresses)
        self._guard = guard
        self._keeping = keeping
        self._name = name_of((command.kind, command.symbol, *command.meta))

    def prepare(self) -> None:
        conf = Conf(self.command.config)
        if conf.get("requireAck") is True:
            self._acks = Acks(self._transport, self._addresses.ack(self.command.meta))
            self._inherit()
        self.author = self.make_author()
        self.call("configure", conf)
        self._automatic = getattr(self.author, "ack", "auto") != "manual"
        self.ctx = SinkContext(self.what, self.command.meta, self._acks)

    def connect(self, ceded: Ceded | None) -> None:
        if self._keeping is not None and self._kept is None:
            self._kept = self._keep(self._keeping, ceded)
        url = self._addresses.data(self.command.meta)
        self._inbox = self._transport.pull(url, ceded=ceded, keeper=self._kept)

    def _keep(self, keeping: Keeping, ceded: Ceded | None) -> Kept | KeptDoor | None:
        if self._acks is None:
            return keeping.door(self._name, new=ceded is not None)
        if ceded is None:
            self._inherit()
        self._acks.keeper = kept = self._kept or keeping.new(self._name)
        return kept

    def cede(self) -> Ceded | None:
        return self._inbox.cede() if self._inbox is not None else None

    def settle(self) -> None:
        late = Ack("its plugin was reloaded before this row was acknowledged")
        while self._acks is not None and not self._acks.ended and self._acks.decide(late):
            pass

    def _inherit(self) -> None:
        """Go on with what a worker that died left behind, if one did: pay what it owed, before
        author code can die once more."""
        kept = self._keeping.left_behind(self._name) if self._keeping is not None else None
        if kept is not None and self._acks is not None:
            self._kept = self._acks.keeper = kept
            self._acks.inherit(kept.inherit())

    def run(self) -> None:
        if not self._open():
            return
        if self._guard is None:
            self._take_rows(self._collect)
        else:
            with self._guard.rows(self.what, self._collect, self._skip) as collect:
                self._take_rows(collect)

    def counts(self) -> tuple[int, int]:
        return self._rows, self._errors

    def cut(self) -> None:
        for channel in (self._inbox, self._acks, self._kept):
            if channel is not None:
                channel.close()

    def _open(self) -> bool:
        """Open the author's sink, however often it takes; False when stopped before."""
        attempt = 0
        while not self.stopping.is_set():
            try:
                self.opened = True
                self.call("open", self.ctx)
                return True
            except BaseException as error:  # author code may raise anything
                self._errors += 1
                self.reporter.raised("open", error)
            pause = OPEN_PAUSES[min(attempt, len(OPEN_PAUSES) - 1)]
            self.reporter.wrong(f"opens again in {pause:g} s; its rows wait in the host")
            attempt += 1
            self.stopping.wait(pause)
        return False

    def _take_rows(self, collect: Callable[[bytes], str | None]) -> None:
        assert self._inbox is not None
        recv, acks = self._inbox.recv, self._acks
        try:
            while True:
                data = recv()
                self._rows += 1
                if acks is not None:
                    acks.received()
                error = collect(data)
                if self.wear is not None:
                    self.wear.called()
                if acks is not None and (self._automatic or error is not None):
                    acks.decide_newest(Ack(error))
        except ChannelClosedError:
            pass  # stopped

    def _collect(self, data: bytes) -> str | None:
        """Give a row to author code; the error, if it raised one. Never raises."""
        try:
            self.loop.run(self.author.collect(self.ctx, data))
        except (
            BaseException
        ) as error:  # author code may raise anything; a bad row never ends a sink
            self._errors += 1
            return self.reporter.raised("collect", error)
        return None

    def _skip(self, text: str) -> str:
        """Instead, for a row that is known to kill."""
        self._errors += 1
        self.reporter.wrong(text, key="skipped")
        return f"{self.what}: {text}"
