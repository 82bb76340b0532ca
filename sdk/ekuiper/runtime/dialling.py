"""Connecting to the host's socket of a function, one connection per name on this machine."""

from ..errors import ConnectError, SymbolError
from ..transport import Request, Transport
from ..transport.ceded import Ceded
from .locks import FunctionLock

__all__ = ["FunctionLine"]


class FunctionLine:
    """The one connection on which a function answers: its lock, and the socket behind it.

    `locks` is the folder for locks; None takes none.
    """

    def __init__(
        self, name: str, plugin: str, transport: Transport, url: str, locks: str | None
    ) -> None:
        self._name = name
        self._plugin = plugin
        self._transport = transport
        self._url = url
        self._lock = None if locks is None else FunctionLock(locks, name, plugin)

    def dial(self, lock_timeout: float, timeout: float, ceded: Ceded | None = None) -> Request:
        """Take the lock, then connect, or go on with what another process ceded.

        Raises `SymbolError` while another process serves the name, `ConnectError` when the host
        does not listen.
        """
        if self._lock is not None:
            self._lock.acquire(lock_timeout)
        try:
            return self._transport.req(self._url, timeout=timeout, ceded=ceded)
        except BaseException:
            self.release()
            raise

    def dial_started(
        self, lock_timeout: float, timeout: float, ceded: Ceded | None = None
    ) -> Request:
        """Like `dial`, for a function the host just started: a failure is for its eyes."""
        try:
            return self.dial(lock_timeout, timeout, ceded)
        except ConnectError as error:
            raise SymbolError(
                f"function {self._name!r} of plugin {self._plugin!r}", str(error)
            ) from error

    def release(self) -> None:
        """Give the name back; the connection must be closed."""
        if self._lock is not None:
            self._lock.release()
