"""A host's command as the supervisor keeps it."""

from ...errors import ProtocolError
from ...protocol.control import decode_command, encode_command
from ...protocol.messages import Command

__all__ = ["Key", "Order"]

Key = tuple[str, str, str, str, int]
"""Kind, symbol, rule, op and instance: what a start and its stop have in common."""

_RANK = {"sink": 0, "func": 1, "source": 2}


class Order:
    """One command: its bytes, and what they say. `key` is None when they say nothing known."""

    def __init__(self, frame: bytes, since: float = 0.0) -> None:
        self.frame = frame
        self.since = since
        """When it came."""
        self.deaths = 0
        """Workers that died at it."""
        self.key: Key | None = None
        self.starts = self.stops = False
        self.what = "a command"
        try:
            self._read(decode_command(frame))
        except ProtocolError:
            pass  # the worker will say what is wrong with it

    def _read(self, command: Command) -> None:
        self.key = (command.kind, command.symbol, *command.meta)
        self.starts = command.verb == "start"
        self.stops = command.verb == "stop"
        kind = "function" if command.kind == "func" else command.kind
        self.what = f"{kind} {command.symbol!r}"
        if command.meta.rule_id:
            self.what += f" in rule {command.meta.rule_id!r} ({command.meta.op_id})"

    @property
    def rank(self) -> int:
        """Its place in a replay: what takes rows is there before what makes them."""
        return _RANK[self.key[0]] if self.key else 0

    @property
    def shared(self) -> bool:
        """Whether one running symbol serves all rules: a function."""
        return self.key is not None and self.key[0] == "func"

    def undone(self) -> "Order":
        """The stop for this start."""
        return Order(encode_command(decode_command(self.frame)._replace(verb="stop")))
