"""One at a time: two deployments of a plugin on one host would take it away from each other.

A stream stands for the turn, since an eKuiper makes one of a name but once. It says who has the
turn, and until when it counts, so that a deployment that was killed keeps nobody away for ever.
"""

import getpass
import platform
import re
import threading
import time
import uuid
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from typing import Any

from ...errors import HostError, RestError
from ..rest import Rest
from ..rest.rules import create_stream, delete_stream, stream
from .checking import Refused

__all__ = ["TURN", "turn"]

TURN = "ekuiper_turn_"
"""How the names of such streams begin."""

_AGAIN = 0.5  # seconds until it is asked for again
_TAKEN = "already exists"
_ODD = re.compile(r"[^\w.-]", re.ASCII)


@contextmanager
def turn(
    rest: Rest,
    plugin: str,
    *,
    seconds: float,
    wait: float,
    stop: threading.Event,
    say: Callable[[str], None],
) -> Iterator[None]:
    """The plugin is ours alone on this host during the block, which takes less than `seconds`.

    Waits for its turn so long; raises `Refused` when it does not come, and `RestError`.
    """
    name = f"{TURN}{zlib.crc32(plugin.encode('utf-8', 'replace')):08x}"
    ours = _Claim.new(seconds)
    deadline = time.monotonic() + wait
    while not _taken(rest, name, ours):
        holder = _holder(rest, name)
        if holder is None:
            continue  # it has just ended
        if holder.is_over:
            delete_stream(rest, name)
            continue
        if time.monotonic() > deadline:
            over = f"if that was killed, its turn ends {holder.end}, or with the stream {name}"
            raise Refused(f"{plugin} is being deployed by {holder.who}; {over}")
        say(f"waiting for {holder.who}, who deploys it, too")
        if stop.wait(_AGAIN):
            raise Refused("interrupted")
    try:
        yield
    finally:
        _give_back(rest, name, ours)


class _Claim:
    """Who has the turn, and until when."""

    def __init__(self, text: str) -> None:
        self.text = text
        until, _, who = text.partition(" ")
        try:
            self._until = datetime.fromisoformat(until)
            self.who = who.rpartition(" ")[0]
            self.end = f"at {self._until:%H:%M} UTC"
        except ValueError:
            self._until = datetime.max.replace(tzinfo=timezone.utc)
            self.who, self.end = "somebody", "never"

    @classmethod
    def new(cls, seconds: float) -> "_Claim":
        until = datetime.now(timezone.utc) + timedelta(seconds=seconds)
        return cls(f"{until.isoformat(timespec='seconds')} {_us()} {uuid.uuid4().hex[:8]}")

    @property
    def is_over(self) -> bool:
        return datetime.now(timezone.utc) > self._until


def _taken(rest: Rest, name: str, ours: _Claim) -> bool:
    try:
        create_stream(
            rest, f'CREATE STREAM {name} () WITH (TYPE="memory", DATASOURCE="{ours.text}")'
        )
    except RestError as error:
        if _TAKEN in error.body:
            return False
        raise
    return True


def _holder(rest: Rest, name: str) -> _Claim | None:
    try:
        found: Any = stream(rest, name).get("Options")
    except RestError as error:
        if error.status:
            return None
        raise
    return _Claim(str(found.get("datasource") or "") if isinstance(found, dict) else "")


def _give_back(rest: Rest, name: str, ours: _Claim) -> None:
    try:
        holder = _holder(rest, name)
        if holder is not None and holder.text == ours.text:
            delete_stream(rest, name)
    except HostError:
        pass  # it is over in time, and what went wrong before is told


def _us() -> str:
    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        user = "somebody"
    return "@".join(_ODD.sub("_", each) for each in (user, platform.node()))
