"""Which eKuiper the embedded host plays, and how patient it is."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from ...errors import HostError

__all__ = ["PROFILES", "Settings"]

_SOURCE_CONFIG_1: Mapping[str, Any] = {"delimiter": "", "format": "json", "key": ""}
_SOURCE_CONFIG_2: Mapping[str, Any] = {
    **_SOURCE_CONFIG_1,
    "retainSize": 0,
    "schemaId": "",
    "strictValidation": False,
    "timestamp": "",
    "timestampFormat": "",
}


@dataclass(frozen=True)
class Settings:
    """What differs between eKuiper's versions and configurations; the defaults are those of 2.4.

    Times are seconds; None waits for ever.
    """

    python: str = sys.executable
    """The interpreter (`pythonBin`)."""
    unbuffered: bool = True
    """Run it with `-u`, as hosts do from 2.1.1 on."""
    init_timeout: float | None = 60.0
    """From the start of the process to its handshake."""
    send_timeout: float | None = 5.0
    """For each message to a function or sink; 1 s before 2.1."""
    recv_timeout: float | None = 5.0
    """For each answer of a function; one call may wait for two of them."""
    control_timeout: float | None = 3600.0
    """For the answer to a start or stop, while every other command waits."""
    ack_timeout: float | None = None
    """For each ack of a sink with `requireAck`; eKuiper itself never gives up."""
    shutdown_timeout: float = 3.0
    """For all stops together when the host closes (`gracefulShutdownTimeout`)."""
    buffer: int = 1024
    """Rows each node of a rule keeps (`bufferLength`)."""
    discard_when_full: bool = True
    """Drop the oldest row when a node is full; False (`disableBufferFullDiscard`) waits instead."""
    control_style: Literal["loop", "once"] = "loop"
    """How a command is asked: "once" up to 2.1.2, where answers could be lost after a restart."""
    datasource_in: Literal["config", "command"] = "config"
    """Where a source finds its DATASOURCE: in its config (2.x) or beside it (1.x)."""
    ack: bool = True
    """Whether sinks have an ack channel at all; False before 1.14."""
    max_message: int | None = None
    """Longest message taken from a plugin, in bytes; 1 MiB on 1.x, where a longer one cuts the
    connection."""
    awaits_acks: bool = True
    """Whether `requireAck` makes it wait for acks; on 1.14 nothing does."""
    source_config: Mapping[str, Any] = field(default_factory=lambda: _SOURCE_CONFIG_2)
    """What it adds to the config of every source."""
    lowers_config: bool = True
    """Whether the settings of a source in its yaml file come with their keys in lower case."""
    shared_source: Literal["subtopo", "source_pool"] = "subtopo"
    """After what the source of a shared stream is called."""
    error_rows: Literal["text", "rows"] = "text"
    """How a sink gets an error (`sendError`): as bare text, or as a row `{"error": ...}` (1.x)."""
    validations: int = 3
    """How often a function's arguments are validated when a rule is made; twice before 2.4."""
    names_validated: bool = True
    """Whether the error of a refused rule names the function that refused it; not before 2.2."""
    field_indexes: bool = True
    """Whether `Validate` is told of fields' indexes, which came with 2.4."""
    unique_fields: bool = True
    """Whether a rule may not give one name to two fields; before 2.4 the last one won."""

    @classmethod
    def profile(cls, version: str, **changes: Any) -> "Settings":
        """The settings of eKuiper 1.14, 2.0, 2.2 or 2.4, but for `changes`. Raises `HostError` for
        any other version."""
        if version not in PROFILES:
            raise HostError(f"no profile for eKuiper {version!r}; known: {', '.join(PROFILES)}")
        return cls(**{**PROFILES[version], **changes})


_BEFORE_2_4: Mapping[str, Any] = {
    "validations": 2,
    "field_indexes": False,
    "unique_fields": False,
}
_BEFORE_2_1: Mapping[str, Any] = {
    **_BEFORE_2_4,
    "unbuffered": False,
    "send_timeout": 1.0,
    "control_style": "once",
    "names_validated": False,
}

PROFILES: Mapping[str, Mapping[str, Any]] = {
    "1.14": {
        **_BEFORE_2_1,
        "init_timeout": 5.0,
        "datasource_in": "command",
        "max_message": 1 << 20,
        "awaits_acks": False,
        "source_config": _SOURCE_CONFIG_1,
        "lowers_config": False,
        "shared_source": "source_pool",
        "error_rows": "rows",
    },
    "2.0": _BEFORE_2_1,
    "2.2": _BEFORE_2_4,
    "2.4": {},
}
"""By version, what differs from the defaults."""
