"""A host that says what it is told to, on any transport, and keeps every answer as it came."""

import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from ekuiper.bundle.manifest import read_manifest
from ekuiper.errors import ChannelStateError, ChannelTimeoutError
from ekuiper.host.embedded.process import PluginProcess
from ekuiper.host.embedded.settings import Settings
from ekuiper.protocol.addresses import Addresses
from ekuiper.protocol.messages import Meta
from ekuiper.transport import Exchange, Transport

from .conversation import Step

__all__ = ["Stage"]

_TALK = Path(__file__).parent / "talk"
_DEADLINE = 20.0
_GIVEN_UP = 0.02


class Stage:
    """The plugin `talk` and the host's channels to it. Each method that is a step returns what the
    plugin said, the folder of its sockets called FOLDER."""

    def __init__(self, transport: Transport, env: dict[str, str]) -> None:
        self._transport = transport
        self._env = env
        self._stack = ExitStack()
        self._functions: dict[str, Exchange] = {}
        self._channels: dict[tuple[str, Meta], Any] = {}

    def __enter__(self) -> "Stage":
        folder = tempfile.TemporaryDirectory(prefix="talk-", dir="/tmp")
        self.folder = self._stack.enter_context(folder)
        self._addresses = Addresses(self.folder)
        self._control = self._transport.rep(self._addresses.control("talk"))
        self._process = PluginProcess(
            _TALK,
            read_manifest(_TALK),
            settings=Settings(),
            log=Path(self.folder, "log"),
            env={**self._env, "EKUIPER_SOCKET_DIR": self.folder},
        )
        self._stack.callback(self._process.close)
        self._process.start()
        assert self._control.recv(_DEADLINE) == b"handshake"
        return self

    def __exit__(self, *error: object) -> None:
        for channel in (self._control, *self._functions.values(), *self._channels.values()):
            channel.close()
        self._stack.close()

    def play(self, steps: list[Step]) -> list[list[bytes] | str]:
        """Do the steps; what was said at each, and at last what went wrong, if anything did."""
        heard: list[list[bytes] | str] = []
        for step in steps:
            try:
                said = getattr(self, step.what)(step)
            except Exception as error:  # whatever it was, the test tells it beside the other's
                return [*heard, f"{type(error).__name__}: {error}"]
            heard.append([frame.replace(self.folder.encode(), b"FOLDER") for frame in said])
        return heard

    def log_tail(self) -> str:
        return self._process.log_tail()

    def respawn(self, step: Step) -> list[bytes]:
        """The plugin is killed and spawned again."""
        self._process.kill()
        self._process.start()
        return [self._control.recv(_DEADLINE)]

    def tell(self, step: Step) -> list[bytes]:
        """Commands."""
        return [self._asked(self._control, frame)[-1] for frame in step.frames]

    def start_function(self, step: Step) -> list[bytes]:
        """A command, once the function's channel listens."""
        if step.name not in self._functions:
            url = self._addresses.function(step.name)
            self._functions[step.name] = self._transport.rep(url)
        return self.tell(step)

    def ask(self, step: Step) -> list[bytes]:
        """Calls; where more is awaited, so many late answers come before."""
        said = []
        for frame in step.frames:
            said += self._asked(self._functions[step.name], frame)
        assert len(said) == len(step.frames) + step.awaited, said
        return said

    def give_up(self, step: Step) -> list[bytes]:
        """A call whose answer is not waited for."""
        exchange = self._functions[step.name]
        try:
            exchange.send(step.frames[0], _DEADLINE)
        except ChannelStateError:
            exchange.recv(_DEADLINE)
            exchange.send(step.frames[0], _DEADLINE)
        try:
            return [exchange.recv(_GIVEN_UP)]
        except ChannelTimeoutError:
            return []

    def control_again(self, step: Step) -> list[bytes]:
        """The control channel is closed and opened anew."""
        self._control.close()
        self._control = self._transport.rep(self._control.url)
        return [self._control.recv(_DEADLINE)]

    def function_again(self, step: Step) -> list[bytes]:
        """A function's channel is closed and opened anew."""
        exchange = self._functions[step.name]
        exchange.close()
        self._functions[step.name] = self._transport.rep(exchange.url)
        return [self._functions[step.name].recv(_DEADLINE)]

    def listen(self, step: Step) -> list[bytes]:
        """For rows."""
        self._open("data", step.meta, self._transport.pull(self._addresses.data(step.meta)))
        return []

    def listen_acks(self, step: Step) -> list[bytes]:
        self._open("acks", step.meta, self._transport.pull(self._addresses.ack(step.meta)))
        return []

    def dial(self, step: Step) -> list[bytes]:
        """A sink, which has just been started."""
        self._open("data", step.meta, self._transport.push(self._addresses.data(step.meta)))
        return []

    def take(self, step: Step) -> list[bytes]:
        """Rows."""
        inbox = self._channels["data", step.meta]
        return [inbox.recv(_DEADLINE) for _ in range(step.awaited)]

    def feed(self, step: Step) -> list[bytes]:
        """Messages to a sink, and its acks, so many as are to come."""
        for frame in step.frames:
            self._channels["data", step.meta].send(frame, _DEADLINE)
        acks = self._channels["acks", step.meta]
        return [acks.recv(_DEADLINE) for _ in range(step.awaited)]

    def hang_up(self, step: Step) -> list[bytes]:
        """The channels of a place are closed, before it is stopped."""
        for kind in ("data", "acks"):
            channel = self._channels.pop((kind, step.meta), None)
            if channel is not None:
                channel.close()
        return []

    def _open(self, kind: str, meta: Meta, channel: Any) -> None:
        old = self._channels.pop((kind, meta), None)
        if old is not None:
            old.close()
        self._channels[kind, meta] = channel

    def _asked(self, exchange: Exchange, question: bytes) -> list[bytes]:
        """The answer, and before it what had to be taken to be able to ask; handshakes do not
        count, and make it ask again."""
        late = []
        while True:
            try:
                exchange.send(question, _DEADLINE)
            except ChannelStateError:
                late.append(exchange.recv(_DEADLINE))
                continue
            answer = exchange.recv(_DEADLINE)
            if not answer.startswith(b"h"):
                return [*(frame for frame in late if not frame.startswith(b"h")), answer]
