"""A channel around one nng socket: what its four kinds share."""

import atexit
import errno
import logging
import os
import select
import socket
import time
from typing import Any

from ..errors import (
    ChannelResetError,
    ChannelStateError,
    ChannelTimeoutError,
    ConnectError,
    TransportError,
)
from . import Peer
from .ceded import Ceded
from .channel import Beacon, SocketChannel
from .connection import remaining, until
from .dialling import FIRST_PAUSE, LONGEST_PAUSE, keep_trying
from .unix import check_user, claim, connect, peer_of

__all__ = ["NngChannel"]

_log = logging.getLogger(__name__)


class NngChannel(SocketChannel):
    """A channel around one nng socket, in which nobody ever blocks: all waiting is done here."""

    receives = True

    def __init__(self, url: str, path: bytes, pynng: Any, sock: Any) -> None:
        super().__init__(url)
        self._path = path
        self._pynng = pynng
        self._nng = sock
        self._peers: dict[int, Peer] = {}  # by the number of their connection
        self._wires: tuple[socket.socket, ...] = ()

    def prepare(self) -> None:
        """Take what descriptors it needs; on failure it wants to be closed."""
        sock = self._nng
        self._light = self._beacon = Beacon()
        self._news, self._teller = self._wires = socket.socketpair()
        for wire in self._wires:
            wire.setblocking(False)
        self._light.eyes.add(self._news)  # a connection was lost
        if self.receives:
            self._light.eyes.add(sock.recv_fd)
        sock.recv_max_size = 0
        sock.reconnect_time_min = int(FIRST_PAUSE * 1000)
        sock.reconnect_time_max = int(LONGEST_PAUSE * 1000)
        sock.add_pre_pipe_connect_cb(self._meet)
        sock.add_post_pipe_remove_cb(self._part)

    @property
    def peer(self) -> Peer | None:
        """Who is at the other end; None while the connection is lost."""
        return next(iter(self._peers.values()), None)

    def dial(self, timeout: float) -> None:
        """Find a listener that may be dialled, and have nng dial it from now on."""
        try:
            sock = keep_trying(self.url, lambda: connect(self._path), until(timeout), time.sleep)
            try:
                peer = peer_of(sock)
            finally:
                sock.close()
            if peer is not None:
                self._peers[0] = peer  # until nng has a connection
            self._nng.dial(self.url, block=False)
        except PermissionError as error:
            self.close()
            raise ConnectError(self.url, 1, error.strerror or str(error)) from None
        except BaseException:
            self.close()
            raise

    def listen(self) -> None:
        """Listen, with the checks that ipc makes."""
        try:
            claim(self.url, self._path, self._bind)
        except BaseException:
            self.close()
            raise

    def cede(self) -> Ceded | None:
        """Close it, when whoever is inside has left: nng gives no connection away, and what it has
        read is lost."""
        self._withdraw()
        self._release()
        return None

    def _bind(self) -> None:
        if os.path.lexists(self._path):  # nng would remove even a regular file
            raise OSError(errno.EADDRINUSE, "in use")
        try:
            self._nng.listen(self.url)
        except self._pynng.AddressInUse:
            raise OSError(errno.EADDRINUSE, "in use") from None
        except self._pynng.NNGException as error:
            raise OSError(errno.EIO, str(error)) from None
        os.chmod(self._path, 0o600)

    def _meet(self, pipe: Any) -> None:  # pragma: no cover - coverage sees no thread of nng's
        """Look at a new connection, on a thread of nng."""
        facts = []
        for name in (b"ipc:peer-pid", b"ipc:peer-uid"):
            fact = self._pynng.ffi.new("uint64_t *")
            self._pynng.check_err(self._pynng.lib.nng_pipe_get_uint64(pipe.pipe, name, fact))
            facts.append(fact[0])
        peer = Peer(*facts)
        try:
            check_user(peer)
        except PermissionError as error:
            _log.warning("%s: connection refused: %s", self.url, error.strerror)
            pipe.close()
            return
        self._peers.pop(0, None)
        self._peers[pipe.id] = peer

    def _part(self, pipe: Any) -> None:  # pragma: no cover - as above
        """Take note of a lost connection, on a thread of nng."""
        self._peers.pop(pipe.id, None)
        try:
            self._teller.send(b"!")
        except OSError:
            pass  # told already, or closed

    def _await(self, number: int, deadline: float | None) -> None:
        """Wait until nng's descriptor is readable, or a connection was lost."""
        poll = select.poll()
        for watched in (number, self._news, self._light.lamp):
            poll.register(watched, select.POLLIN)
        left = remaining(deadline)
        events = dict(poll.poll(None if left is None else left * 1000))
        self._check_open()
        if not events:
            raise ChannelTimeoutError(f"{self.url}: nothing came, or was taken, in time")
        if self._news.fileno() in events:
            self._news.recv(4096)

    def _hand_over(self, data: bytes, deadline: float | None) -> None:
        while True:
            try:
                self._nng.send(data, block=False)
                return
            except self._pynng.TryAgain:
                self._await(self._nng.send_fd, deadline)
            except self._pynng.NNGException as error:
                raise self._error(error) from None

    def _receive(self, deadline: float | None) -> Any:
        while True:
            try:
                return self._nng.recv_msg(block=False)
            except self._pynng.TryAgain:
                self._await(self._nng.recv_fd, deadline)
            except self._pynng.NNGException as error:
                raise self._error(error) from None

    def _error(self, error: Exception) -> TransportError:
        """The one place where nng's errors become ours."""
        if isinstance(error, self._pynng.ConnectionReset):
            return ChannelResetError(
                f"{self.url}: the connection was lost; send again to dial anew"
            )
        if isinstance(error, self._pynng.BadState):
            return ChannelStateError(f"{self.url}: send and recv were not called in turn")
        return TransportError(f"{self.url}: nng: {error}")

    def _free(self) -> None:
        self._nng.close()
        super()._free()
        for wire in self._wires:
            wire.close()

    def _forget(self) -> None:
        # After a fork nng hangs, or aborts, on whatever is asked of it.
        self._nng.close = lambda: None
        atexit.unregister(self._pynng.nng._pynng_atexit)
        super()._forget()
