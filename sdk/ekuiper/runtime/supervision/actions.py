"""What the machine tells its surroundings to do."""

from ...typed import NamedTuple

__all__ = [
    "Action",
    "Answer",
    "Drop",
    "End",
    "Kill",
    "Leave",
    "Log",
    "Prepare",
    "Reloaded",
    "Send",
    "Spawn",
    "SpawnBeside",
    "Switch",
]


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


class SpawnBeside(NamedTuple):
    """Start the next worker, while the one that serves goes on."""


class Prepare(NamedTuple):
    """Have the worker beside make ready what this command starts; the reply bears its number."""

    number: int
    frame: bytes


class Switch(NamedTuple):
    """Have the worker hand over to the one beside it, which is the worker from now on; of what was
    prepared these numbers still hold."""

    numbers: list[int]


class Drop(NamedTuple):
    """End at once the worker beside or, once that serves, the one before."""


class End(NamedTuple):
    """Have the worker end in order."""


class Kill(NamedTuple):
    """End the worker at once."""


class Reloaded(NamedTuple):
    """The reload is over: well, or this was the reason why not."""

    error: str | None


Action = (
    Spawn
    | Send
    | Answer
    | Log
    | Leave
    | SpawnBeside
    | Prepare
    | Switch
    | Drop
    | End
    | Kill
    | Reloaded
)
