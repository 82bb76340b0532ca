"""REP: answers."""

from ..errors import ChannelClosedError, ChannelStateError, ChannelTimeoutError
from . import Peer
from .connection import Connection, remaining, until
from .doorman import Door
from .listening import Listening
from .sp import REP, REQ, frame_head, split_request

__all__ = ["Rep"]

_READS = 4  # greeting, head and body, and a bit: then the others have a turn


class Rep(Listening):
    """REP: answers. The next request of a peer stays in its socket until it is received."""

    def __init__(self, url: str, door: Door, longest: int | None = None) -> None:
        super().__init__(url, door, (REP, REQ), longest)
        self._asker: Connection | None = None  # sent the last request, still to be answered
        self._backtrace = b""
        self._peer: Peer | None = None
        self._next: tuple[Connection, bytes, bytes] | None = None  # found, but not yet received
        self._rounds = 0

    @property
    def peer(self) -> Peer | None:
        """Who sent the last request; None before the first."""
        return self._peer

    def recv(self, timeout: float | None = None, *, spin: int = 0) -> bytes:
        """The next request of any peer; the one before need not be answered any more."""
        deadline = until(timeout)
        self._enter()
        try:
            self._relieve()
            while self._next is None:
                self._find(deadline)
            self._asker, self._backtrace, payload = self._next
            self._peer = self._asker.peer
            self._next = None
            return payload
        finally:
            self._leave()

    def send(self, data: bytes, timeout: float | None = None) -> None:
        """Answer the last request; dropped if whoever asked has gone."""
        deadline = until(timeout)
        self._enter()
        try:
            asker = self._asker
            if asker is None:
                raise ChannelStateError(f"{self.url}: send without a request to answer")
            if asker in self._connections:
                self._answer(asker, data, deadline)
            self._asker = None
        finally:
            self._leave()

    def ready(self) -> bool:
        """Whether `recv` would return or raise at once."""
        try:
            self._enter()
        except (ChannelClosedError, ChannelStateError):
            return True
        try:
            self._relieve()
            if self._next is None:
                self._find(0.0)
        except ChannelTimeoutError:
            return False
        except ChannelClosedError:
            pass
        finally:
            self._leave()
        return True

    def _admit(self, connection: Connection) -> Connection:
        connection.served = self._rounds + 1  # after what those who were there before have said
        return super()._admit(connection)

    def _holds_message(self) -> bool:
        return self._next is not None

    def _find(self, deadline: float | None) -> None:
        """Look for one request; who has waited longest for a turn comes first."""
        talking = self._talking(deadline)
        if len(talking) > 1:
            talking.sort(key=lambda connection: connection.served)
        for connection in talking:
            request = self._listen_to(connection)
            if request is not None:
                self._rounds += 1
                connection.served = self._rounds
                self._next = (connection, *request)
                return
        if remaining(deadline) == 0:
            raise ChannelTimeoutError(f"{self.url}: no request in time")

    def _listen_to(self, connection: Connection) -> tuple[bytes, bytes] | None:
        """One request, with its backtrace, if it is complete; one without an id is dropped."""
        for _ in range(_READS):
            frames = self._read(connection, exact=True)
            if frames:
                return split_request(frames[0])
            if frames is None or connection not in self._connections:
                break
        return None

    def _answer(self, asker: Connection, data: bytes, deadline: float | None) -> None:
        head = frame_head(len(self._backtrace) + len(data)) + self._backtrace
        try:
            asker.write(head, data, deadline)
        except ChannelTimeoutError:
            if asker.torn:
                self._part(asker)
                self._asker = None
            raise ChannelTimeoutError(f"{self.url}: the asker took nothing in time") from None
        except OSError:
            self._part(asker)
            self._check_open()
        except BaseException:  # a signal handler raised: who knows how much was written
            self._part(asker)
            raise
