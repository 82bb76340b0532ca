"""One plugin's way onto one host, and the way back."""

import threading
import time
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import datetime, timezone

from ...bundle.checks import Checked
from ...errors import HostError
from ..rest import Rest
from ..rest.plugins import Plugin, plugins, version
from .answering import Silent
from .checking import Refused, check_host, ends_itself
from .outcome import Outcome, Step, Tell
from .package import Package
from .previous import Previous, basename, find_previous
from .record import Deployed, Record
from .rehearsal import rehearse
from .shelf import Shelf
from .switch import Switch
from .turn import turn

__all__ = ["Choices", "Deployment"]

_UPLOAD = 600.0  # seconds that others leave us beyond those of waiting


@dataclass(frozen=True)
class Choices:
    """How to deploy. A plugin gets `wait` seconds to answer, and the one that it replaces `settle`
    to end; and `back`, if that is more, to answer when it is put back, as it did before. With
    `checked`, what was found wrong with it is held against each host before anything is done
    there.
    """

    wait: float = 90.0
    settle: float = 1.0
    back: float = 30.0
    rollback: bool = True
    dry_run: bool = False
    checked: Checked | None = None


class Deployment:
    """Brings a package to a host. Any failure leaves the host as it was, or says what is left.

    `tell` is called on the thread that runs it. Once `stop` is set it goes back.
    """

    def __init__(
        self,
        rest: Rest,
        package: Package,
        record: Record,
        choices: Choices,
        tell: Tell,
        stop: threading.Event,
    ) -> None:
        self._rest = rest
        self._package = package
        self._record = record
        self._choices = choices
        self._tell = tell
        self._stop = stop
        self._switch = Switch(rest, choices.wait, choices.settle, self._say)
        self._shelf: Shelf | None = None
        self._previous: Previous | None = None
        self._outcome = Outcome(rest.name)
        self._going_back = False

    def run(self) -> Outcome:
        """Do it; blocks until all is over. What a host causes is in the outcome."""
        outcome = self._outcome
        began = time.monotonic()
        try:
            self._say("looking")
            outcome.host_version = version(self._rest)
            with self._turn():
                self._attempt()
        except (HostError, OSError) as error:
            self._failed(error)
        outcome.seconds = time.monotonic() - began
        return outcome

    def _turn(self) -> AbstractContextManager[None]:
        choices = self._choices
        if choices.dry_run:
            return nullcontext()
        return turn(
            self._rest,
            self._package.name,
            seconds=4 * choices.wait + _UPLOAD,
            wait=choices.wait,
            stop=self._stop,
            say=self._say,
        )

    def _attempt(self) -> None:
        try:
            self._run()
            self._outcome.done = True
        except (HostError, Silent, OSError) as error:
            self._failed(error)

    def _failed(self, error: BaseException) -> None:
        outcome = self._outcome
        outcome.did = "failed"
        outcome.reason = self._words(error)
        outcome.now = outcome.before
        outcome.left = self._go_back()

    def _run(self) -> None:
        rest, package, outcome = self._rest, self._package, self._outcome
        there = plugins(rest)
        installed = next((each for each in there if each.name == package.name), None)
        self._shelf = Shelf(rest, package, self._record)
        if installed is not None:
            self._previous = find_previous(rest, installed, self._shelf.paths, self._record)
            outcome.before = self._previous.url
        if self._choices.checked is not None:
            outcome.notes += check_host(
                self._choices.checked, rest.name, outcome.host_version, there
            )
        same = self._is_there()
        if not same:
            self._check_way_back()
        word = "updated" if installed else "installed"
        if self._choices.dry_run:
            outcome.did = "is there already" if same else f"would be {word}"
        elif same:
            self._renew()
        else:
            self._rehearse()
            outcome.now = self._shelf.put(self._say)
            outcome.answers = self._switch.to(outcome.now, self._expected(), self._stop)
            outcome.did = word
            self._keep(self._shelf)

    def _say(self, text: str, share: float | None = None) -> None:
        if self._stop.is_set() and not self._switch.touched:
            raise Refused("interrupted")
        back = "going back: " if self._going_back else ""
        self._tell(Step(self._rest.name, f"{back}{text}", share))

    def _is_there(self) -> bool:
        """Whether just these bytes are what is installed: their digest is in the name."""
        if self._previous is None:
            return False
        file = basename(self._previous.url)
        own = self._package.file.removesuffix(".zip")
        return self._package.is_edition(file) and file.startswith(own)

    def _check_way_back(self) -> None:
        if self._previous is None or self._previous.url:
            return
        said = f"no way back to what is installed there: {self._previous.reason}"
        if self._choices.rollback:
            raise Refused(f"{said}; --no-rollback replaces it all the same")
        self._outcome.notes.append(said)

    def _rehearse(self) -> None:
        """Where an edition that cannot start would be the end of the host."""
        outcome, choices = self._outcome, self._choices
        if choices.checked is None or not ends_itself(outcome.host_version):
            return
        if not rehearse(self._rest, self._package, choices.wait, self._stop, self._say):
            outcome.notes.append(
                f"eKuiper {outcome.host_version} ends itself if this code cannot be imported there"
            )

    def _renew(self) -> None:
        """Nothing, if what is there answers; else it is installed once more."""
        outcome = self._outcome
        outcome.now = outcome.before
        try:
            outcome.answers = self._switch.check(self._expected(), self._stop)
            outcome.did = "unchanged"
        except Silent as silent:
            outcome.notes.append(f"this edition was there, but did not answer: {silent}")
            outcome.answers = self._switch.to(outcome.now, self._expected(), self._stop)
            outcome.did = "installed again"

    def _expected(self) -> Plugin:
        package = self._package
        return Plugin(
            name=package.name,
            version=package.version,
            language="",
            sources=package.sources,
            sinks=package.sinks,
            functions=package.functions,
        )

    def _keep(self, shelf: Shelf) -> None:
        """Note the new edition, and remove all but this and the one before."""
        package, outcome = self._package, self._outcome
        at = datetime.now(timezone.utc).isoformat(timespec="seconds")
        done = Deployed(outcome.now, package.digest, package.version, at)
        try:
            self._record.add(self._rest.place, package.name, done)
        except OSError as error:
            outcome.notes.append(f"no record of this deployment was kept: {error}")
        outcome.notes += shelf.prune((outcome.now, outcome.before))

    def _go_back(self) -> str:
        """Undo what was done; returns how the host is now. An interrupt does not stop this."""
        outcome, previous, name = self._outcome, self._previous, self._package.name
        self._going_back = True
        stayed = self._shelf.take_back() if self._shelf else ""
        if not self._switch.touched:
            return f"the host is as it was{stayed}"
        if previous is not None and not previous.url:
            outcome.now = ""
            return f"what was installed before is lost: {previous.reason}{stayed}"
        try:
            if previous is None:
                self._switch.away(name)
                return f"{name} was removed; the host is as it was{stayed}"
            file = basename(previous.url)
            back = self._choices.back
            self._switch.to(previous.url, previous.plugin, threading.Event(), at_least=back)
            return f"{file} was put back and answers; the host is as it was{stayed}"
        except Silent as silent:
            return f"{basename(outcome.before)} was put back, but: {silent}{stayed}"
        except (HostError, OSError) as error:
            outcome.now = ""
            what = f"{name} could NOT be removed"
            if previous is not None:
                what = f"{basename(previous.url)} could NOT be put back"
            return f"{what}: {self._words(error)}{stayed}"

    def _words(self, error: BaseException) -> str:
        """Without the host's name, which stands beside it."""
        return str(error).removeprefix(f"{self._rest.name}: ")
