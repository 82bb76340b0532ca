"""The contract of a source."""

from .context import Context
from .typed import Any

__all__ = ["Source"]


class Source:
    """Emits rows. One object per place in a rule, made by the factory in `PluginConfig`.

    The factory, `configure` and `open` run on the source's own thread, in this order; `close`
    runs on another thread while `open` may still be running. Each may be `async def`: they then
    share one event loop, which lives as long as the source.
    """

    def configure(self, datasource: str, conf: dict[str, Any]) -> None:
        """Called once, before `open`, with the stream's DATASOURCE and its settings.

        `conf` finds keys in any case, since eKuiper 2.x lower-cases them. May block up to 10 s.
        What it raises is the rule's error and the source does not start.
        """

    def open(self, ctx: Context) -> None:
        """Called once: emit rows with `ctx.emit` until stopped; may block for ever.

        When it returns or raises, the source has ended: the rule and the log are told, and `close`
        is called.
        """

    def close(self, ctx: Context) -> None:
        """Called exactly once if `open` was called: when the rule stops, or after `open` ended.
        Make `open` return.

        The host waits one second for it; a second later eKuiper 1.x may kill the process.
        """
