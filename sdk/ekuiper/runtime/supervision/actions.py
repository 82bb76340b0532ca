"""What the machine tells its surroundings to do."""

from typing import NamedTuple

__all__ = ["Action", "Answer", "Leave", "Log", "Send", "Spawn"]


class Spawn(NamedTuple):
    """Start the next worker."""


class Send(NamedTuple):
    """Give the worker a command; its reply will bear the same number."""

    number: int
    frame: bytes


class Answer(NamedTuple):
    """Answer the host's open command."""

    frame: bytes


class Log(NamedTuple):
    """Tell the user; `level` as in `logging`."""

    level: str
    text: str


class Leave(NamedTuple):
    """End the worker in order, then this process with `status`."""

    status: int


Action = Spawn | Send | Answer | Log | Leave
