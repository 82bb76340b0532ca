"""What a host may say to the plugin `talk`, drawn at random."""

import random
from collections.abc import Iterator
from typing import Any, NamedTuple

from ekuiper.protocol.codec import encode_call, encode_command
from ekuiper.protocol.messages import Call, CallContext, Command, Meta

__all__ = ["Step", "conversation"]

_FUNCTIONS = ("echo", "fuss")
_TEXTS = ("", "text", "host", "grün ☃ 🙂", '\u2028<&>\\"\0\x7f', "x" * 300, "\ud800", "AAECAw==")
_NUMBERS = (0, -1, 3, 2**53 + 1, -(2**63), 2**64 - 1, 0.1, -2.5e-9, 1e21, 1.7976931348623157e308)
_NONSENSE = (b"", b"\xff\xfe", b"[]", b"null", b"{}", b"[" * 10_000, b"handshake", b"ok", b"h")
_SIZES = (0, 1, 9, 100, 32_767, 32_768, 65_536, 300_000)
_LONG = 120  # characters that no path has room for


class Step(NamedTuple):
    """One thing that a host does; what is not needed for it is left empty.

    `what` is a method of `Stage`, `name` a function or a symbol, `frames` are sent one after the
    other, and `awaited` is how many messages come of it.
    """

    what: str
    name: str = ""
    meta: Meta = Meta("", "", 0)
    frames: tuple[bytes, ...] = ()
    awaited: int = 0


def conversation(seed: int) -> list[Step]:
    """The steps that belong to this seed; they are possible after any other conversation."""
    return list(_Talk(random.Random(seed), f"c{seed}").steps())


class _Talk:
    def __init__(self, dice: random.Random, mark: str) -> None:
        self._dice = dice
        self._mark = mark
        self._places = 0

    def steps(self) -> Iterator[Step]:
        """Several scenes, one after the other, or mixed."""
        if self._dice.random() < 0.02:
            yield Step("respawn")
        scenes = (self._calls, self._source, self._sink, self._nonsense, self._refused)
        chosen = self._dice.choices(scenes, (8, 6, 6, 4, 4), k=self._dice.randint(2, 6))
        if self._dice.random() < 0.02:
            chosen.append(self._function_again)
        if self._dice.random() < 0.1:
            chosen.append(self._late)  # once: it leaves nothing behind only if it is not mixed up
        parts = [list(scene()) for scene in chosen]
        mixed = self._dice.random() < 0.5
        while parts := [part for part in parts if part]:
            yield self._dice.choice(parts if mixed else parts[:1]).pop(0)

    def _calls(self) -> Iterator[Step]:
        """A function is started, perhaps once more, and called."""
        name = self._dice.choice(_FUNCTIONS)
        for _ in range(self._dice.choice((1, 1, 2))):
            yield _started(name)
        frames = tuple(self._call() for _ in range(self._dice.randint(1, 6)))
        yield Step("ask", name, frames=frames)

    def _call(self) -> bytes:
        args = [self._value(3) for _ in range(self._dice.randint(0, 3))]
        kind = self._dice.random()
        if kind < 0.3:
            validate = Call("Validate", args, None)
            return encode_call(validate if kind < 0.2 else Call("IsAggregate", [], None))
        if self._dice.random() < 0.05:
            args.append("x" * self._dice.choice(_SIZES))
        place = CallContext(self._mark, "2_project", 0, self._dice.randint(0, 2))
        frame = encode_call(Call("Exec", args, place))
        return self._spoilt(frame) if self._dice.random() < 0.1 else frame

    def _source(self) -> Iterator[Step]:
        """A source is started, perhaps again while it runs, its rows are taken, and it is stopped,
        perhaps twice."""
        rows = [self._row() for _ in range(self._dice.randint(0, 8))]
        then = self._dice.choice(("wait", "wait", "return", "raise", "report"))
        config = {"rows": rows, "then": then, "datasource": self._dice.choice(("", "topic"))}
        start = Command("start", "source", "say", self._place("demo"), None, config)
        taken = len(rows) + (then != "wait")
        yield Step("listen", meta=start.meta)
        for _ in range(self._dice.choice((1, 1, 1, 2))):
            yield _command(start)
            yield from self._control_again()
            yield Step("take", meta=start.meta, awaited=taken)
        yield Step("hang_up", meta=start.meta)
        for _ in range(self._dice.choice((1, 1, 1, 2))):
            yield _command(start._replace(verb="stop"))

    def _sink(self) -> Iterator[Step]:
        """A sink is started, perhaps again while it runs, gets messages, and is stopped."""
        name = self._dice.choice(("tell", "keep"))
        config = {"requireAck": True} if name == "tell" else {"sendSingle": True}
        start = Command("start", "sink", name, self._place(f"{name}_0"), None, config)
        yield Step("listen_acks", meta=start.meta)
        for _ in range(self._dice.choice((1, 1, 1, 2))):
            yield _command(start)
            yield Step("dial", meta=start.meta)
            yield from self._control_again()
            messages = tuple(self._bytes() for _ in range(self._dice.randint(0, 6)))
            acks = len(messages) if name == "tell" else 0
            yield Step("feed", meta=start.meta, frames=messages, awaited=acks)
            if name == "keep":
                yield _started("kept")
                asked = [start.meta.rule_id, len(messages)]
                yield Step("ask", "kept", frames=(self._exec(asked),))
        yield Step("hang_up", meta=start.meta)
        for _ in range(self._dice.choice((1, 1, 1, 2))):
            yield _command(start._replace(verb="stop"))

    def _nonsense(self) -> Iterator[Step]:
        """What is no command, and what is no call."""
        start = encode_command(_function("echo"))
        frames = (*self._dice.sample(_NONSENSE, 2), self._spoilt(start), self._cut(start))
        yield Step("tell", frames=frames)
        yield _started("echo")
        call = self._exec([self._value(2)])
        frames = (*self._dice.sample(_NONSENSE, 2), self._spoilt(call), self._cut(call))
        yield Step("ask", "echo", frames=frames)

    def _refused(self) -> Iterator[Step]:
        """Commands that a plugin cannot follow, and stops of what does not run."""
        place = self._place("demo")
        start = Command("start", "source", "say", place, None, {"rows": [], "then": "wait"})
        bad = [
            start._replace(symbol=self._dice.choice(("sey", "tell", "", "grün"))),
            start._replace(kind="sink"),
            start._replace(config={"refuse": self._dice.choice(_TEXTS[1:])}),
            start._replace(meta=place._replace(rule_id="")),
            start._replace(meta=place._replace(op_id=self._dice.choice(("", "..", "a/b", "a\0b")))),
            start._replace(meta=place._replace(rule_id="x" * _LONG)),
            start._replace(kind="func", symbol="ecko"),
            start._replace(verb="stop"),
            start._replace(verb="stop", kind="func", symbol="echo"),
            Command("start", "sink", "keep", place, None, {"refuse": "no"}),
        ]
        frames = [encode_command(command) for command in self._dice.sample(bad, 3)]
        odd = encode_command(start).replace(b'"start"', b'"restart"')
        yield Step("tell", frames=(*frames, odd))

    def _late(self) -> Iterator[Step]:
        """A call that the host gives up, and whose answer it finds at the next one."""
        yield _started("hold")
        yield _started("release")
        for name in ("release", "hold"):  # so that it surely hears what comes next
            yield Step("ask", name, frames=(self._exec([]),))
        yield Step("give_up", "hold", frames=(self._exec(["late"]),))
        for name in ("release", "release"):
            yield Step("ask", name, frames=(self._exec([]),))
        yield Step("ask", "hold", frames=(self._exec(["in time"]),), awaited=1)

    def _function_again(self) -> Iterator[Step]:
        """The host's end of a function's connection goes and comes back. Seldom: a plugin takes its
        time to dial one that often goes."""
        name = self._dice.choice(_FUNCTIONS)
        yield _started(name)
        yield Step("function_again", name)
        yield Step("ask", name, frames=(self._exec([1]),))

    def _control_again(self) -> Iterator[Step]:
        """So does that of the control channel, while sources and sinks run."""
        if self._dice.random() < 0.01:
            yield Step("control_again")

    def _exec(self, args: list[Any]) -> bytes:
        return encode_call(Call("Exec", args, CallContext(self._mark, "2_project", 0, 0)))

    def _place(self, op: str) -> Meta:
        self._places += 1
        odd = self._dice.choice(("", "", "", " b", "$$", "ü"))
        return Meta(f"{self._mark}r{self._places}{odd}", op, 0)

    def _row(self) -> dict[str, Any]:
        names = self._dice.sample(("a", "b", "", "grün", "nested"), self._dice.randint(0, 4))
        return {name: self._value(2) for name in names}

    def _value(self, depth: int) -> Any:
        kind = self._dice.randint(0, 7 if depth else 5)
        if kind < 2:
            return self._dice.choice((None, True, False))
        if kind < 4:
            return self._dice.choice(_NUMBERS)
        if kind < 6:
            return self._dice.choice(_TEXTS)
        count = self._dice.randint(0, 3)
        if kind == 6:
            return [self._value(depth - 1) for _ in range(count)]
        return {f"k{number}": self._value(depth - 1) for number in range(count)}

    def _bytes(self) -> bytes:
        size = self._dice.choice(_SIZES) if self._dice.random() < 0.1 else self._dice.randint(0, 60)
        return self._dice.randbytes(size)

    def _spoilt(self, frame: bytes) -> bytes:
        """With one other byte in it."""
        at = self._dice.randrange(len(frame))
        return frame[:at] + self._dice.randbytes(1) + frame[at + 1 :]

    def _cut(self, frame: bytes) -> bytes:
        return frame[: self._dice.randrange(len(frame))]


def _function(name: str) -> Command:
    return Command("start", "func", name, Meta("", "", 0), None, {})


def _started(name: str) -> Step:
    return Step("start_function", name, frames=(encode_command(_function(name)),))


def _command(command: Command) -> Step:
    return Step("tell", command.symbol, command.meta, (encode_command(command),))
