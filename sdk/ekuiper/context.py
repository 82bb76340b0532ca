"""What the runtime hands to author code."""

from __future__ import annotations

from .typed import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import logging

__all__ = ["Context"]


class Context:
    """Where in which rule a symbol runs, and its way to speak to the host.

    One object per place in a rule; the runtime makes them. This class itself does nothing, so that
    author code can be tried without a rule. Every method may be called from any thread;
    `emit`, `ack_ok` and `ack_error` may block (see each). A method that makes no sense
    for the symbol (`ack_ok` in a source) raises `SymbolError`.
    """

    def get_rule_id(self) -> str:
        """The rule's id; a shared stream has an id of its own, such as `$$subtopo_demo`."""
        return ""

    def get_op_id(self) -> str:
        """The node in the rule: the stream's name, `<sink>_0`, or `2_project` for a function."""
        return ""

    def get_instance_id(self) -> int:
        """The number of the parallel instance, counted from 0."""
        return 0

    def get_logger(self) -> logging.Logger:
        """A logger whose records name plugin, rule and node."""
        import logging

        return logging.getLogger("ekuiper")

    @property
    def logger(self) -> logging.Logger:
        """Same as `get_logger()`."""
        return self.get_logger()

    def emit(self, message: dict[str, Any], meta: dict[str, Any] | None = None) -> None:
        """Send one row into the stream (sources only).

        Blocks while the host takes nothing; rows are neither dropped nor reordered.
        A row that cannot be sent (not a dict, no JSON form, too large for the host) is logged with
        the line that emitted it and reported to the rule; it never ends the source.
        Raises `ChannelClosedError` once the source was stopped, so that a loop around it ends; in
        a thread that goes on all the same, each further call takes a second, to spare the CPU.
        """

    def emit_error(self, error: str) -> None:
        """Report an error to the rule (sources only): it shows in the stream's status, and goes to
        the sink when the rule has `sendError`. eKuiper 1.x only logs it. Blocks like `emit`."""

    def ack_ok(self) -> None:
        """Tell the host that the oldest row not yet acknowledged was taken (sinks only).

        Needed only on a sink with `ack = "manual"`: otherwise the runtime acknowledges when
        `collect` returns. Does nothing unless the action has `requireAck: true`.
        """

    def ack_error(self, error: str) -> None:
        """Tell the host that the oldest row not yet acknowledged failed (sinks only); the host
        sends it again if the action has a cache with resend. Otherwise like `ack_ok`."""
