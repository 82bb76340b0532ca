"""The contract of a sink."""

from .context import Context
from .typed import Any, ClassVar, Literal

__all__ = ["Sink"]


class Sink:
    """Receives results. One object per action of a rule, made by the factory in `PluginConfig`.

    The factory, `configure`, `open` and `collect` run on the sink's own thread, in this order;
    `close` runs on another thread after the last `collect` was told to end. Each may be
    `async def`: they then share one event loop, which lives as long as the sink.
    """

    ack: ClassVar[Literal["auto", "manual"]] = "auto"
    """With `requireAck` on the action, each row is acknowledged when `collect` returns or raises.
    "manual" leaves it to the author, who calls `ctx.ack_ok` or `ctx.ack_error` once per row, in
    order, from any thread."""

    def configure(self, conf: dict[str, Any]) -> None:
        """Called once, before `open`, with the action's properties.

        `conf` finds keys in any case. May block up to 10 s. What it raises is the rule's error and
        the sink does not start.
        """

    def open(self, ctx: Context) -> None:
        """Called before the first `collect`; may block. Called again, after a pause, while it
        raises."""

    def collect(self, ctx: Context, data: Any) -> None:
        """Called for each message, with the bytes that the action's format and template made:
        by default a JSON array of rows, one row with `sendSingle: true`.

        What it raises is logged and, with `requireAck`, told to the host; the next row comes
        anyway.
        """

    def close(self, ctx: Context) -> None:
        """Called exactly once, if `open` was called, when the rule stops. The host waits one second
        for it."""
