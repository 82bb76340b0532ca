"""Taking a plugin off a host."""

import re
import threading
import time
from contextlib import AbstractContextManager, nullcontext

from ...errors import HostError
from ..rest import Rest
from ..rest.plugins import Plugin, plugin, remove, state, version
from ..rest.rules import rule_texts, stream_texts
from ..rest.uploads import delete_upload, uploads
from .checking import Refused
from .outcome import Outcome, Step, Tell
from .package import is_edition
from .previous import basename
from .record import Record
from .turn import TURN, turn

__all__ = ["Removal", "users"]

_SECONDS = 60.0  # that it may take, and wait for others


class Removal:
    """Removes a plugin and its archives. Rules that use it would fail from then on, so with
    `force` alone it is removed under them."""

    def __init__(
        self,
        rest: Rest,
        name: str,
        record: Record,
        tell: Tell,
        stop: threading.Event,
        *,
        force: bool,
        dry_run: bool,
    ) -> None:
        self._rest = rest
        self._name = name
        self._record = record
        self._tell = tell
        self._stop = stop
        self._force = force
        self._dry_run = dry_run

    def run(self) -> Outcome:
        outcome = Outcome(self._rest.name)
        began = time.monotonic()
        try:
            self._run(outcome)
            outcome.done = True
        except HostError as error:
            outcome.did = "failed"
            outcome.reason = str(error).removeprefix(f"{self._rest.name}: ")
            outcome.left = outcome.left or "the host is as it was"
        outcome.seconds = time.monotonic() - began
        return outcome

    def _run(self, outcome: Outcome) -> None:
        rest = self._rest
        self._tell(Step(rest.name, "looking"))
        outcome.host_version = version(rest)
        with nullcontext() if self._dry_run else self._turn():
            self._remove(outcome)

    def _turn(self) -> AbstractContextManager[None]:
        def say(text: str) -> None:
            self._tell(Step(self._rest.name, text))

        seconds = {"seconds": _SECONDS, "wait": _SECONDS}
        return turn(self._rest, self._name, **seconds, stop=self._stop, say=say)

    def _remove(self, outcome: Outcome) -> None:
        rest, name = self._rest, self._name
        found = plugin(rest, name)
        if found is None:
            raise Refused(f"it has no plugin called {name}")
        using = users(rest, found)
        if using:
            said = f"in use by {', '.join(using)}"
            if not self._force:
                raise Refused(f"{name} is {said}; stop what uses it, or --force")
            outcome.notes.append(f"was {said}, which will fail")
        if self._dry_run:
            outcome.did = "would be removed"
            return
        self._tell(Step(rest.name, f"removing {name}"))
        remove(rest, name)
        outcome.did = "removed"
        outcome.left = "the plugin is gone, its archives are not"
        for file in map(basename, uploads(rest)):
            if is_edition(name, file):
                delete_upload(rest, file)
        self._record.forget(rest.place, name)
        outcome.left = ""


def users(rest: Rest, installed: Plugin) -> list[str]:
    """Rules and streams that need a plugin: by what the host counts, and by what stands in them."""
    seen = state(rest, installed.name)
    counted = {f"rule {rule}" for rule, count in (seen.rules if seen else ()) if count}
    words = re.compile(rf"\b({'|'.join(map(re.escape, installed.symbols))})\b")
    named = {f"rule {id}" for id, text in rule_texts(rest).items() if words.search(text)}
    reading = {
        f"stream {id}"
        for id, text in stream_texts(rest).items()
        if words.search(text) and not id.startswith(TURN)
    }
    return sorted(counted | named | reading)
