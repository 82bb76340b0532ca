"""The contract of a function."""

from .context import Context
from .typed import Any

__all__ = ["Function"]


class Function:
    """Is called from SQL. One object per function name, shared by all rules, made by the factory in
    `PluginConfig` and kept until the process ends.

    Everything runs on the function's own thread, one call at a time (the host allows no more).
    Methods may be `async def`: they share one event loop, which lives as long as the function.
    """

    def validate(self, args: list[Any]) -> str | None:
        """Called, usually twice, when a rule that uses the function is created.

        `args` are syntax-tree nodes whose shape differs between eKuiper versions: only their number
        is dependable. Return None or "" to accept, or a reason to refuse the rule; raising refuses
        too.
        """
        return ""

    def exec(self, args: list[Any], ctx: Context) -> Any:
        """Called for each row (an aggregate: each window or group) with the values of the
        arguments.

        Whole numbers come as int even from float columns, bytes as base64 text, times as RFC 3339
        text, NULL as None. An aggregate gets a list per argument. Return anything with a JSON form;
        None is NULL. What it raises becomes the row's error. Calls over the host's `recvTimeout`
        (5 s) fail there.
        """
        return None

    def is_aggregate(self) -> bool:
        """Called once: True makes `exec` receive lists."""
        return False
