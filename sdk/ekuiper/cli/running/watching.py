"""A run that goes on with what is saved meanwhile."""

import ast
import re
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import click

from ...errors import EkuiperError
from .changes import Changes, is_code
from .figures import Notice
from .plan import Plan
from .session import Session
from .view import View
from .work import Work

__all__ = ["WatchingSession"]

_AT_ONCE = 2.0  # seconds after a start
_TOO_OFTEN = 4
_FILE = re.compile(r'^\s*File "([^"]+)", line (\d+)', re.MULTILINE)
_RAISED = re.compile(r"^([A-Za-z_][\w.]*(?:: .*)?)$", re.MULTILINE)


class WatchingSession(Session):
    """Starts the plugin again when a file of its folder is saved.

    Where only code changed, pipelines go on: rows and calls count on, errors anew. Where anything
    else did, or all rows were through, `again` reads everything once more and all begins anew. What
    is wrong with the new files is told, and the next save awaited. Ends by `seconds` or Ctrl-C.
    """

    def __init__(
        self,
        plan: Plan,
        view: View,
        log: Path | None,
        *,
        changes: Changes,
        again: Callable[[], Plan],
    ) -> None:
        super().__init__(plan, view, log)
        self._changes = changes
        self._again = again
        self._started = False  # whether the work of now has
        self._told_end = False
        self._restless = Restless()

    def begin(self) -> None:
        try:
            super().begin()
            self._started = True
        except EkuiperError as error:
            self._tell((), "waiting for the next save", _reason(str(error), self.plan.folder))

    def done(self) -> bool:
        return False

    def verdict(self) -> list[str]:
        notice = self.notice
        return [notice.error] if notice is not None and notice.error is not None else []

    def interrupted(self) -> list[str]:
        return super().interrupted() or self.verdict()

    def look(self) -> None:
        files, new = self._restless.without(self._changes.take(), time.monotonic())
        for name in new:
            self.view.note(f"{name} is saved again and again, perhaps by the plugin: left out now")
        if files:
            self._saved(files)
        elif self._started and not self.work.alive and not self._told_end:
            self._told_end = True
            reason = f"the plugin ended by itself, {self.work.exit}"
            self._tell((), "waiting for the next save", reason)

    def _saved(self, files: Sequence[str]) -> None:
        wrong = self._syntax_error(files)
        if wrong is not None:
            runs = "the code before runs on" if self.work.alive else "waiting for the next save"
            self._tell(files, runs, wrong)
            return
        self._told_end = False
        self.read_log()
        if self.log is not None:
            self.log.forget_errors()
        if self._started and not self.work.ended and all(map(is_code, files)):
            self._restart(files)
        else:
            self._renew(files)

    def _restart(self, files: Sequence[str]) -> None:
        began = time.monotonic()
        if (reload := self.work.reload()) is not None:
            took, error = time.monotonic() - began, reload["error"]
            text = f"reloaded in {took:.2f} s" if error is None else "the code before runs on"
            self.read_log()
            if self.log is not None and error is None:
                self.log.forget_errors()
            self._tell(files, text, error)
            return
        try:
            failures = self.work.restart()
        except EkuiperError as error:
            self._told_end = True
            self._tell(files, "waiting for the next save", _reason(str(error), self.plan.folder))
            return
        took = time.monotonic() - began
        self._tell(files, f"restarted in {took:.2f} s", "; ".join(failures) or None)

    def _renew(self, files: Sequence[str]) -> None:
        try:
            plan = self._again()
        except click.ClickException as error:
            runs = "what ran before runs on" if self.work.alive else "waiting for the next save"
            self._tell(files, runs, error.format_message())
            return
        began = time.monotonic()
        self.work.stop()
        self.work.close()
        self.plan, self._started = plan, False
        self.work = Work(plan, self.view, self.path)
        with self.view.anew():
            self._start_anew(files, began)

    def _start_anew(self, files: Sequence[str], began: float) -> None:
        try:
            self.work.start()
            self._started = True
            self.count_anew()
        except EkuiperError as error:
            self._tell(files, "waiting for the next save", _reason(str(error), self.plan.folder))
            return
        took = time.monotonic() - began
        self._tell(files, f"all began anew in {took:.2f} s, and counts from 0", None)

    def _tell(self, files: Sequence[str], text: str, error: str | None) -> None:
        self._restless.acted(time.monotonic())
        gone = tuple(name for name in files if not (self.plan.folder / name).exists())
        self.notice = Notice(tuple(files), text, error, time.strftime("%H:%M:%S"), gone)
        self.read_log()
        self.view.changed(self.notice)

    def _syntax_error(self, files: Sequence[str]) -> str | None:
        """What this Python, if it is the plugin's, has against a file; found before anything is
        stopped for it."""
        if self.plan.python != sys.executable:
            return None
        for name in files:
            path = self.plan.folder / name
            if is_code(name) and path.is_file():
                try:
                    ast.parse(path.read_bytes(), str(path))
                except SyntaxError as error:
                    return f"{type(error).__name__}: {error.msg} ({path.name}:{error.lineno})"
                except (OSError, ValueError):
                    pass  # let the plugin's Python say it
        return None


class Restless:
    """Files that the plugin itself writes: a start that follows each of its starts has no end."""

    def __init__(self) -> None:
        self._acted = 0.0
        self._times: dict[str, int] = {}

    def acted(self, now: float) -> None:
        """The plugin was just started again."""
        self._acted = now

    def without(self, files: Sequence[str], now: float) -> tuple[list[str], list[str]]:
        """The files but for those; and those found out this time. Code is never one."""
        at_once = now - self._acted < _AT_ONCE
        kept, new = [], []
        for name in files:
            times = self._times.get(name, 0)
            if times < _TOO_OFTEN and not is_code(name):
                self._times[name] = times = times + 1 if at_once else 0
                new += [name] if times == _TOO_OFTEN else []
            if times < _TOO_OFTEN:
                kept.append(name)
        return kept, new


def _reason(text: str, folder: Path) -> str:
    """In one line, what the traceback in a plugin's log says: `Type: message (file.py:12)`."""
    first = text.partition("; the end of its log:")[0].partition("\n")[0]
    raised: list[str] = _RAISED.findall(text.partition("Traceback (most recent call last)")[2])
    if not raised:
        return first
    found: list[tuple[str, str]] = _FILE.findall(text)
    own = [each for each in found if Path(each[0]).is_relative_to(folder.resolve())] or found
    where = f" ({Path(own[-1][0]).name}:{own[-1][1]})" if own else ""
    return f"{raised[-1]}{where}"
