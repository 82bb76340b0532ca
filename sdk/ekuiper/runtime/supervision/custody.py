"""The sockets of sinks with acks, and what those owe, while workers come and go."""

import _socket as socket
import os
from collections.abc import Sequence

from ...errors import ChannelClosedError
from .link import KEEP, Link
from .orders import Key, Order

__all__ = ["Custody", "name_of", "split"]

_NAME_END = b"\0"


class Custody:
    """The supervisor's copies, by the name of the symbol. It does nothing with them but pass them
    on, so that the host does not notice that who reads them is another."""

    def __init__(self) -> None:
        self._kept: dict[bytes, list[int]] = {}
        self.how = ""
        """How the last worker ended."""

    def keep(self, name: bytes, descriptors: list[int]) -> None:
        """As the worker says; nothing: no more."""
        self.forget(name)
        if descriptors:
            self._kept[name] = descriptors

    def give(self, link: Link, frame: bytes) -> None:
        """To a worker that is about to be given this start again."""
        name = _name_in(frame) if self._kept else b""
        if name in self._kept:
            self._send(link, name, self.how)

    def give_all(self, link: Link) -> None:
        """To the worker of a reload, for the case that the old one does not hand over."""
        for name in self._kept:
            self._send(link, name, "at a reload")

    def _send(self, link: Link, name: bytes, how: str) -> None:
        descriptors = self._kept[name]
        try:
            link.send(KEEP, len(descriptors), name + _NAME_END + how.encode(), descriptors)
        except ChannelClosedError:
            pass  # it has died

    def commanded(self, frame: bytes, *, worker: bool) -> None:
        """The host starts or stops something: it waits for nothing that was before. Without a
        `worker` nobody else can clean up."""
        name = _name_in(frame) if self._kept else b""
        if name in self._kept:
            if not worker:
                _remove_path(self._kept[name])
            self.forget(name)

    def forget(self, name: bytes) -> None:
        """Close what is kept under this name."""
        for fd in self._kept.pop(name, ()):
            os.close(fd)

    def forget_all(self) -> None:
        """In a forked worker."""
        for name in list(self._kept):
            self.forget(name)

    def close(self) -> None:
        """At the end of the plugin."""
        for descriptors in self._kept.values():
            _remove_path(descriptors)
        self.forget_all()


def name_of(key: Key) -> bytes:
    """Of a symbol at its place; holds no NUL."""
    return "\n".join(map(str, key)).replace("\0", "").encode("utf-8", "surrogatepass")


def split(content: bytes) -> tuple[bytes, str]:
    """Name and death in what `Custody.give` sends."""
    name, _, how = content.partition(_NAME_END)
    return name, how.decode()


def _name_in(frame: bytes) -> bytes:
    key = Order(frame).key
    return name_of(key) if key is not None else b""


def _remove_path(descriptors: Sequence[int]) -> None:
    """Unlink the file at which the listener among these listens."""
    for fd in descriptors:
        try:
            sock = socket.socket(fileno=fd)
        except OSError:
            continue  # no socket
        try:
            if sock.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
                os.unlink(sock.getsockname())
        except OSError:
            pass  # gone already
        finally:
            sock.detach()
