"""The host's ends of the data channels, on raw sockets.

Our transport would do, but its cost in Python, small as it is, would be measured with every row.
"""

import os
import socket
import threading
import time

from ekuiper.transport import sp

__all__ = ["Line", "Listener", "dial"]

_ROOM = 1 << 20
_TIMEOUT = 20.0  # seconds for a plugin to connect or answer
_GREETING_SIZE = 8
_HEAD_SIZE = 9


class Line:
    """One connection, after the greetings."""

    def __init__(self, connection: socket.socket) -> None:
        self.socket = connection
        self._held = b""
        self._asker = b""  # the id of the request that the next question answers

    def frame(self) -> bytes:
        """The next message."""
        held = self._held
        while True:
            if len(held) >= _HEAD_SIZE:
                end = _HEAD_SIZE + int.from_bytes(held[1:_HEAD_SIZE], "big")
                if len(held) >= end:
                    self._held = held[end:]
                    return held[_HEAD_SIZE:end]
            data = self.socket.recv(_ROOM)
            if not data:
                raise ConnectionError("the plugin has closed the connection")
            held = held + data if held else data

    def ask(self, question: bytes) -> bytes:
        """A function's answer. Like eKuiper, asks again when what comes begins with h."""
        if not self._asker:
            self._asker = self.frame()[:4]  # of its handshake
        while True:
            head = sp.frame_head(len(question) + 4)
            self.socket.sendall(b"".join((head, self._asker, question)))
            body = self.frame()
            self._asker = body[:4]
            if body[4:5] != b"h":
                return body[4:]

    def close(self) -> None:
        self.socket.close()


class Listener:
    """Waits at `path` for the plugin, which a thread greets; the last to come is spoken to."""

    def __init__(self, path: str, protocol: int) -> None:
        self._path = path
        self._protocol = protocol
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.bind(path)
        self._socket.listen()
        self._line: Line | None = None
        self._arrived = threading.Event()
        threading.Thread(target=self._admit, daemon=True).start()

    def line(self) -> Line:
        """The connection, as soon as there is one."""
        if not self._arrived.wait(_TIMEOUT) or self._line is None:
            raise ConnectionError(f"nobody has dialled {self._path} in {_TIMEOUT:g} s")
        return self._line

    def close(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        os.unlink(self._path)
        if self._line is not None:
            self._line.close()

    def _admit(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return  # closed
            try:
                self._line = _greeted(connection, self._protocol)
            except OSError:
                connection.close()
            else:
                self._arrived.set()


def dial(path: str, protocol: int) -> Line:
    """A connection to a plugin that listens, or is about to."""
    deadline = time.monotonic() + _TIMEOUT
    while True:
        connection = socket.socket(socket.AF_UNIX)
        try:
            connection.connect(path)
            return _greeted(connection, protocol)
        except OSError:
            connection.close()
            if time.monotonic() > deadline:
                raise
            time.sleep(0.01)


def _greeted(connection: socket.socket, protocol: int) -> Line:
    connection.settimeout(_TIMEOUT)
    connection.sendall(sp.greeting(protocol))
    if len(connection.recv(_GREETING_SIZE, socket.MSG_WAITALL)) < _GREETING_SIZE:
        raise ConnectionError("closed before the greeting")
    return Line(connection)
