"""What a `Host` hands out: one running symbol each."""

from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any, Literal, TypeVar

from ...errors import CallError, ChannelTimeoutError, MalformedMessageError
from ...protocol.messages import Ack, Call, CallContext, Command, Reply, Row, SourceError
from .asking import FunctionLink
from .streams import SinkLink, SourceLink

__all__ = ["FunctionHandle", "SinkHandle", "SourceHandle"]

Self = TypeVar("Self", bound="_Running")
Stop = Callable[[Command, float | None], None]


class FunctionHandle:
    """A started function, shared by all rules and kept until the host closes.

    Callable from any thread; the calls queue up, one runs at a time. `state` puts the plugin's
    state into words, for errors.
    """

    def __init__(self, name: str, link: FunctionLink, state: Callable[[], str]) -> None:
        self.name = name
        self._link = link
        self._state = state
        self._aggregate: bool | None = None

    def is_aggregate(self) -> bool:
        """Whether the function wants lists. As in eKuiper, no answer and any but a boolean count
        as False, and only a good answer is kept."""
        if self._aggregate is None:
            try:
                reply = self._link.call(Call("IsAggregate", [], None))
            except (ChannelTimeoutError, MalformedMessageError):
                return False
            if not reply.state or not isinstance(reply.result, bool):
                return False
            self._aggregate = reply.result
        return self._aggregate

    def validate(self, args: Sequence[Any] = ()) -> None:
        """Let the function judge the arguments of a rule, given as syntax-tree nodes such as
        `{"Val": 1}`. Raises `CallError` with the reason if it refuses them."""
        what = f"validate function {self.name}"
        reply = self._call(what, Call("Validate", list(args), None))
        if not reply.state:
            raise CallError(what, _text(reply.result))

    def exec(
        self,
        *args: Any,
        rule: str = "rule1",
        op: str = "2_project",
        instance: int = 0,
        func_id: int = 0,
    ) -> Any:
        """Call the function for one row, from that place in a rule, and return its result.

        Raises `CallError` if it failed or did not answer within `recv_timeout`.
        """
        what = f"call func {self.name}"
        context = CallContext(rule, op, instance, func_id)
        reply = self._call(what, Call("Exec", list(args), context))
        if not reply.state:
            raise CallError(what, _text(reply.result))
        return reply.result

    def close(self) -> None:
        """Close the channel. eKuiper never stops a function, so the plugin is not told."""
        self._link.close()

    def _call(self, what: str, call: Call) -> Reply:
        try:
            return self._link.call(call)
        except ChannelTimeoutError as error:
            raise CallError(what, f"time out, {self._state()}") from error
        except MalformedMessageError as error:
            raise CallError(what, f"Failed to unmarshal function result {error}") from error


class _Running:
    """A source or sink between its start and its stop; leaving a `with` block stops it."""

    def __init__(self, command: Command, link: SourceLink | SinkLink, stop: Stop) -> None:
        self.command = command
        self._end = link.close
        self._stop = stop
        self._stopped = False

    @property
    def name(self) -> str:
        """The symbol's name."""
        return self.command.symbol

    def stop(self, timeout: float | None = None) -> None:
        """Close the channels, then tell the plugin, in this order like eKuiper. A second call does
        nothing. Raises `HostError` if the plugin does not agree; `timeout` bounds its answer."""
        if self._stopped:
            return
        self._stopped = True
        self._end()
        self._stop(self.command, timeout)

    def __enter__(self: Self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> Literal[False]:
        self.stop()
        return False


class SourceHandle(_Running):
    """A started source."""

    def __init__(self, command: Command, link: SourceLink, stop: Stop) -> None:
        super().__init__(command, link, stop)
        self._link = link

    @property
    def malformed(self) -> int:
        """How many messages were neither row nor error; they were skipped."""
        return self._link.malformed

    def recv(self, timeout: float | None = None) -> Row | SourceError:
        """The next row, or error for the rule. Raises `ChannelTimeoutError` when none comes in time
        and `ChannelClosedError` once stopped, by whatever thread."""
        return self._link.recv(timeout)


class SinkHandle(_Running):
    """A started sink."""

    def __init__(self, command: Command, link: SinkLink, stop: Stop) -> None:
        super().__init__(command, link, stop)
        self._link = link

    def send(self, data: bytes) -> None:
        """Hand over one message and, where the action has `requireAck`, wait for its ack.

        Raises `HostError` when nothing took it within `send_timeout`, when the sink said it
        failed, and when no ack came within `ack_timeout`; `ChannelClosedError` once stopped.
        """
        self._link.send(data)

    def post(self, data: bytes) -> None:
        """Hand over one message and wait for no ack. Raises like `send`."""
        self._link.post(data)

    def ack(self, timeout: float | None = None) -> Ack:
        """The next ack, in the order of the messages. Raises `HostError` if none comes in time."""
        return self._link.ack(timeout)


def _text(result: Any) -> str:
    return result if isinstance(result, str) else f"{result!r}"
