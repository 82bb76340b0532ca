"""Which eKuiper the embedded host plays, and how patient it is."""

import sys
from dataclasses import dataclass
from typing import Literal

__all__ = ["Settings"]


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
