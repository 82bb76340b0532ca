"""What a run left behind to judge it by."""

from typing import Any, NamedTuple

from .plan import Plan

__all__ = ["Done", "Evidence"]


class Done(NamedTuple):
    """Something that was done to the plugin, or came of that, from `began` to `ended`
    (`time.monotonic`); `what` and `target` as in a plan's steps."""

    what: str
    target: str
    began: float
    ended: float
    detail: str = ""


class Evidence(NamedTuple):
    """The journals of one run, and what was seen from outside."""

    plan: Plan
    began: float
    """When rows flowed."""
    ended: float
    """When the last fault was over."""
    done: list[Done]
    host: list[list[Any]]
    plugin: list[list[Any]]
    flowing: dict[str, float | None]
    """When each flow was seen to work after the last fault; None: never."""
    seen: list[str]
    """What was found wrong from outside: processes, threads, descriptors or files too many."""
    failure: str = ""
    """Why the run could not be played to its end."""
