"""PULL: receives from many."""

from collections import deque

from ..errors import ChannelClosedError, ChannelTimeoutError
from .ceded import Ceded
from .connection import Connection, remaining, until
from .doorman import Door
from .keeper import Keeper
from .listening import Listening
from .sp import PULL, PUSH, Decoder, frame_head, greeting

__all__ = ["Pull"]


class Pull(Listening):
    """PULL: receives from many."""

    def __init__(
        self, url: str, door: Door, longest: int | None = None, keeper: Keeper | None = None
    ) -> None:
        super().__init__(url, door, (PULL, PUSH), longest)
        self._messages: deque[bytes] = deque()
        self._keeper = keeper
        self._counted = keeper is not None and keeper.counts

    def cede(self) -> Ceded | None:
        """Close it, but let another process go on with all there is; None where that cannot be.
        Waits for whoever receives to leave."""
        if self._doorman is not None:
            self._send_doorman_away()
        self._withdraw()
        try:
            door = self._door.cede()
            if door < 0:
                for connection in self._connections:
                    connection.shutdown()
                self._door.shut()
                return None
            waiting = b"".join(frame_head(len(each)) + each for each in self._messages)
            ceded = Ceded(door, [], [])
            for connection in self._connections:
                fd, rest = connection.cede()
                ceded.connections.append(fd)
                ceded.unread.append(rest)
            ceded.unread.append(greeting(PUSH) + waiting)
            self._connections.clear()
            return ceded
        finally:
            self._messages.clear()
            self._release()

    def resume(self, ceded: Ceded) -> None:
        """Go on with what another process ceded; before anything else."""
        for fd, unread in zip(ceded.connections, ceded.unread, strict=False):
            self._resume(fd, unread)
        self._messages.extend(Decoder(PUSH).feed(ceded.unread[-1]))
        if self._keeper is not None and self._counted:
            whole = not any(connection.decoder.begun for connection in self._connections)
            self._keeper.end(len(self._messages), whole=whole)

    def recv(self, timeout: float | None = None) -> bytes:
        """The next message of any peer."""
        deadline = None if timeout is None else until(timeout)
        self._enter_when_free(deadline)
        try:
            if self._doorman is not None:
                self._relieve()
            while not self._messages:
                self._gather(deadline)
            return self._messages.popleft()
        finally:
            self._leave()

    def ready(self) -> bool:
        """Whether `recv` would return or raise at once."""
        if self._closed:
            return True
        if not self._turn.acquire(False):
            return False  # another thread is about to take what there is
        try:
            self._check_open()
            self._relieve()
            if not self._messages:
                self._gather(0.0)
        except ChannelTimeoutError:
            return False
        except ChannelClosedError:
            pass
        finally:
            self._leave()
        return True

    def _gather(self, deadline: float | None) -> None:
        """Read once from every peer that says something, so that none is left behind."""
        read = self._read_watched if self._counted else self._read
        for connection in self._talking(deadline):
            self._messages.extend(read(connection) or ())
        if not self._messages and deadline is not None and remaining(deadline) == 0:
            raise ChannelTimeoutError(f"{self.url}: no message in time")

    def _read_watched(self, connection: Connection) -> list[bytes] | None:
        """Like `_read`, with the keeper as a witness."""
        keeper, decoder = self._keeper, connection.decoder
        assert keeper is not None
        first = connection.peek()
        if first is None:
            return None
        if first and decoder.greeted:
            keeper.begin()
        frames = self._read(connection, exact=not decoder.greeted) or []
        partly = decoder.greeted and decoder.begun and connection in self._connections
        keeper.end(len(frames), whole=not partly)
        return frames

    def _admit(self, connection: Connection) -> Connection:
        super()._admit(connection)
        self.keep()
        return connection

    def _drop(self, connection: Connection) -> None:
        super()._drop(connection)
        self.keep()

    def keep(self) -> None:
        """Tell the keeper, if there is one, which sockets there are."""
        if self._keeper is not None:
            with self._gate:
                fds = [connection.fileno() for connection in self._connections]
                self._keeper.keep(self._door.fileno(), fds)

    def _holds_message(self) -> bool:
        return bool(self._messages)
