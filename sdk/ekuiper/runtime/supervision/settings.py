"""What of a plugin's configuration is the supervisor's business; the worker tells it."""

from ...config import PluginConfig
from ...protocol.stdlib import stdlib_dumps, stdlib_loads
from ...typed import NamedTuple

__all__ = ["Settings"]

_ENDLESS = 1e9
"""Seconds; JSON has no infinity."""


class Settings(NamedTuple):
    """As in `PluginConfig`, where they are explained."""

    start_timeout: float
    replace: bool = False
    watch: bool = False
    max_memory: int | None = None

    def packed(self) -> bytes:
        """For the way to the supervisor."""
        return stdlib_dumps(self._asdict(), "settings")

    @classmethod
    def unpacked(cls, content: bytes) -> "Settings":
        """What `packed` made."""
        return cls(**stdlib_loads(content, content))

    @classmethod
    def of(cls, config: PluginConfig) -> "Settings":
        """Those of a plugin."""
        return cls(
            min(float(config.start_timeout), _ENDLESS),
            config.reload == "replace",
            config.watch,
            config.max_memory,
        )
