"""A transport whose channels are mangos sockets in a Go process: what is at the plugin's other end
when eKuiper hosts it."""

import base64
import itertools
import json
import subprocess
import threading
import time
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NoAnswerError
from pathlib import Path
from typing import Any, TypeVar

from ekuiper.errors import (
    ChannelClosedError,
    ChannelStateError,
    ChannelTimeoutError,
    ConnectError,
    ListenError,
    TransportError,
)
from ekuiper.transport import Peer

__all__ = ["Mangos", "MangosChannel", "MangosTransport"]

_PATIENCE = 30.0  # seconds for an answer, beyond those that it may wait itself

_Self = TypeVar("_Self", bound="MangosChannel")


class Mangos:
    """The process, which does what it is told on any number of threads at once."""

    def __init__(self, program: Path) -> None:
        self._process = subprocess.Popen(
            [str(program), "peer"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        self.pid = self._process.pid
        self._numbers = itertools.count(1)
        self._waiting: dict[int, Future[dict[str, Any]]] = {}
        self._writing = threading.Lock()
        self._reader = threading.Thread(target=self._read, name="mangos", daemon=True)
        self._reader.start()

    def __enter__(self) -> "Mangos":
        return self

    def __exit__(self, *error: object) -> None:
        self._process.kill()
        self._process.wait()
        self._reader.join()
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            pipe.close()

    def number(self) -> int:
        """A number for a channel."""
        return next(self._numbers)

    def do(self, what: str, channel: int, timeout: float | None = 0.0, **more: Any) -> Any:
        """Have something done; returns the answer, in which `error` says what went wrong.

        `timeout` is how long it may wait for peers, None for ever."""
        number = next(self._numbers)
        future = self._waiting[number] = Future()
        order = {"id": number, "do": what, "channel": channel, "seconds": timeout, **more}
        assert self._process.stdin is not None
        with self._writing:
            self._process.stdin.write(json.dumps(order).encode() + b"\n")
            self._process.stdin.flush()
        try:
            return future.result(None if timeout is None else timeout + _PATIENCE)
        except NoAnswerError:
            raise AssertionError(f"mangos has not answered {what} in time") from None

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            answer = json.loads(line)
            self._waiting.pop(answer["id"]).set_result(answer)
        for future in list(self._waiting.values()):
            future.set_result({"error": "the process has ended"})


class MangosTransport:
    """The host's channels, and PUSH, which dials. A message of more than `longest` bytes cuts the
    connection of its sender, as in eKuiper 1.x."""

    def __init__(self, mangos: Mangos, longest: int | None = None) -> None:
        self._mangos = mangos
        self._longest = longest or 0

    def rep(self, url: str) -> "MangosChannel":
        """Listen for REQ peers."""
        return self._open("rep", url)

    def pull(self, url: str) -> "MangosChannel":
        """Listen for PUSH peers."""
        return self._open("pull", url)

    def push(self, url: str, timeout: float = 0.0) -> "MangosChannel":
        """Dial a PULL as eKuiper does: once, and again from 100 ms after a loss on."""
        deadline = time.monotonic() + timeout
        for attempts in itertools.count(1):
            try:
                return self._open("push", url)
            except ListenError as error:
                if time.monotonic() >= deadline:
                    raise ConnectError(url, attempts, error.reason) from None
                threading.Event().wait(0.01)
        raise AssertionError

    def req(self, url: str, timeout: float = 0.0) -> Any:
        """A host never dials a REP."""
        raise NotImplementedError

    def _open(self, kind: str, url: str) -> "MangosChannel":
        number = self._mangos.number()
        answer = self._mangos.do("open", number, kind=kind, url=url, longest=self._longest)
        if "error" in answer:
            raise ListenError(url, answer["error"])
        return MangosChannel(self._mangos, number, url)


class MangosChannel:
    """A mangos socket as a channel; only PUSH and REP send, only PULL and REP receive.

    It has no descriptor to poll for and no `ready`, which would take what it looks for.
    """

    def __init__(self, mangos: Mangos, number: int, url: str) -> None:
        self._mangos = mangos
        self._number = number
        self._closed = False
        self.url = url
        self.peer: Peer | None = None
        """Who sent what was received last."""

    def send(self, data: bytes, timeout: float | None = None) -> None:
        """Answer, or send. PUSH takes up to 128 messages that nobody has received yet."""
        self._do("send", timeout, data=base64.b64encode(data).decode())

    def recv(self, timeout: float | None = None, *, spin: int = 0) -> bytes:
        """The next message."""
        answer = self._do("recv", timeout)
        self.peer = Peer(answer.get("pid", 0), answer.get("uid", 0))
        return base64.b64decode(answer.get("data", ""))

    def await_peers(self, count: int, timeout: float = 10.0) -> None:
        """Return when there are so many peers. Raises `ChannelTimeoutError`."""
        self._do("peers", timeout, peers=count)

    def close(self) -> None:
        """Close it. What a PUSH has not sent yet is lost."""
        if not self._closed:
            self._closed = True
            self._mangos.do("close", self._number)

    def fileno(self) -> int:
        raise NotImplementedError

    def ready(self) -> bool:
        raise NotImplementedError

    def watch(self) -> int:
        raise NotImplementedError

    def unwatch(self) -> None:
        raise NotImplementedError

    def __enter__(self: _Self) -> _Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def _do(self, what: str, timeout: float | None, **more: Any) -> Any:
        if timeout is not None:
            timeout = max(0.0, timeout)
        answer = self._mangos.do(what, self._number, timeout, **more)
        if "error" in answer:
            raise self._error(answer["error"])
        return answer

    def _error(self, told: str) -> TransportError:
        if told == "object closed":
            return ChannelClosedError(f"{self.url}: the channel is closed")
        if told in ("receive time out", "send time out"):
            return ChannelTimeoutError(f"{self.url}: {told}")
        if told == "incorrect protocol state":
            return ChannelStateError(f"{self.url}: {told}")
        return TransportError(f"{self.url}: {told}")
