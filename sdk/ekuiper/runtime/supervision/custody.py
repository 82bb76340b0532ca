"""The sockets of sinks with acks, and what those owe, while workers come and go."""

import _socket as socket
import os
from collections.abc import Iterable

from ...errors import AddressError, ChannelClosedError
from ...protocol.addresses import Addresses
from ...protocol.messages import Meta
from ...transport.unix import remove_stale
from ..reach import socket_directory
from .link import KEEP, Link
from .orders import Key, Order

__all__ = ["Custody", "name_of", "split"]

_NAME_END = b"\0"


class Custody:
    """The supervisor's copies, by the name of the symbol. It does nothing with them but pass them
    on, so that the host does not notice that who reads them is another."""

    def __init__(self) -> None:
        self._kept: dict[bytes, list[int]] = {}
        self._stopped: Order | None = None  # the command that is about to be answered
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

    def commanded(self, frame: bytes) -> None:
        """The host starts or stops something: it waits for nothing that was before."""
        order = Order(frame)
        self._stopped = order if order.stops else None
        if self._kept and order.key is not None and not order.stops:
            self.forget(name_of(order.key))

    def answered(self, *, alone: bool) -> None:
        """The command is about to be: nobody listens where a stopped sink did, though it may be
        that no worker was there to see to it, and we are `alone`."""
        order, self._stopped = self._stopped, None
        if order is not None:
            self._end(order, shut=alone)

    def left_out(self, orders: Iterable[Order]) -> None:
        """These are started no more: a host that waits for no ack is turned away where nobody will
        take what it brings."""
        for order in orders:
            if order.key is not None and len(self._kept.get(name_of(order.key), ())) == 1:
                self._end(order, shut=True)

    def forget(self, name: bytes) -> None:
        """Close what is kept under this name."""
        for fd in self._kept.pop(name, ()):
            os.close(fd)

    def forget_all(self) -> None:
        """In a forked worker."""
        for name in list(self._kept):
            self.forget(name)

    def close(self, live: Iterable[Order]) -> None:
        """At the end of the plugin, and of these sinks among others."""
        for order in live:
            self._end(order, shut=True)
        self.forget_all()

    def _end(self, order: Order, *, shut: bool) -> None:
        """Of this sink; to close its sockets is not to `shut` them: a worker that was just forked
        has copies until it gets to run."""
        url = _url_of(order)
        if url is None or order.key is None:
            return
        name = name_of(order.key)
        for fd in self._kept.get(name, ()) if shut else ():
            _shut(fd)
        self.forget(name)
        remove_stale(url)


def name_of(key: Key) -> bytes:
    """Of a symbol at its place; holds no NUL."""
    return "\n".join(map(str, key)).replace("\0", "").encode("utf-8", "surrogatepass")


def split(content: bytes) -> tuple[bytes, str]:
    """Name and death in what `Custody.give` sends."""
    name, _, how = content.partition(_NAME_END)
    return name, how.decode()


def _shut(fd: int) -> None:
    try:
        sock = socket.socket(fileno=fd)
    except OSError:
        return  # none: what it keeps of a ledger
    try:
        sock.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass  # the host has gone already
    finally:
        sock.detach()


def _name_in(frame: bytes) -> bytes:
    key = Order(frame).key
    return name_of(key) if key is not None else b""


def _url_of(order: Order) -> str | None:
    """Where it listens, if it is a sink."""
    if order.key is None or order.key[0] != "sink":
        return None
    try:
        return Addresses(socket_directory()).data(Meta(*order.key[2:]))
    except AddressError:
        return None
