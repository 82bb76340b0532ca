"""Both ends of a reload, in the workers: one gives what it runs, the other goes on with it.

On a line between them each symbol is one frame: which one it is, and what its channel consists of.
"""

import logging
import signal
import threading

from ...errors import ChannelClosedError, EkuiperError
from ...protocol.codec import decode_command, encode_result
from ...protocol.engine import dumps, loads
from ...protocol.messages import Command
from ...transport.ceded import Ceded
from ...typed import Any
from ..function import RunningFunction
from ..symbol import LEAVE_TIMEOUT, RunningSymbol
from ..symbols import Symbols
from .link import GIVEN, MOST_DESCRIPTORS, Link

__all__ = ["Heir", "give_all"]

_FUNCTION_TIMEOUT = 5.0  # seconds to take a name that was given back, and to connect

_log = logging.getLogger(__name__)

_Key = tuple[Any, ...]


def give_all(symbols: Symbols, line: Link) -> None:
    """In the old worker: end all that runs, each at its own time, and give it away."""
    running, functions = symbols.disown()
    signal.signal(signal.SIGURG, lambda number, frame: None)
    threads = [
        threading.Thread(target=_give, args=(symbol, line), name="give", daemon=True)
        for symbol in running
    ]
    threads += [
        threading.Thread(target=_give_function, args=(*each, line), name="give", daemon=True)
        for each in functions.items()
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(LEAVE_TIMEOUT)
    line.end()


def _give(symbol: RunningSymbol, line: Link) -> None:
    try:
        ceded = symbol.leave()
    except ChannelClosedError:
        ceded = None  # stopped by itself
    _send(_key(symbol.command), ceded, line)


def _send(key: _Key, ceded: Ceded | None, line: Link) -> None:
    content, descriptors = ceded.packed() if ceded is not None else (b"", [])
    if len(descriptors) > MOST_DESCRIPTORS:
        content, descriptors = b"", []
    try:
        line.send(GIVEN, len(descriptors), dumps(key, "key") + b"\n" + content, descriptors)
    except ChannelClosedError:
        pass  # the other worker has died
    if ceded is not None:
        ceded.close()


def _give_function(name: str, function: RunningFunction, line: Link) -> None:
    try:
        ceded = function.leave()
    except ChannelClosedError:
        ceded = None  # it has ended by itself
    _send(("func", name), ceded, line)


def _key(command: Command) -> _Key:
    if command.kind == "func":
        return ("func", command.symbol)
    return (command.kind, command.symbol, *command.meta)


class _Prepared:
    """A symbol that is ready to go on."""

    def __init__(self, number: int, command: Command, symbols: Symbols) -> None:
        self.number = number
        self.key = _key(command)
        self._name = command.symbol
        self._symbols = symbols
        self._go = threading.Event()
        self._ceded: Ceded | None = None
        self._dropped = False
        self._function: RunningFunction | None = None
        self._symbol: RunningSymbol | None = None
        if command.kind == "func":
            self._function = symbols.prepare_function(command.symbol, self._await)
        else:
            self._symbol = symbols.prepare(command)

    def take(self, ceded: Ceded | None) -> None:
        """Go on with it. Raises `EkuiperError` or `OSError`."""
        if self._symbol is not None:
            self._symbols.adopt(self._symbol, ceded)
        elif self._function is not None:
            self._symbols.adopt_function(self._name, self._function)
            self._ceded = ceded
            self._go.set()

    def _await(self) -> Ceded | None:
        """What the function goes on with; on its thread."""
        self._go.wait()
        if self._dropped:
            raise ChannelClosedError("another one was prepared in its place")
        return self._ceded

    def check(self) -> None:
        """Raise `EkuiperError` unless it runs."""
        if self._function is not None:
            self._function.wait_started(_FUNCTION_TIMEOUT)

    def drop(self) -> None:
        """It is not wanted any more."""
        if self._symbol is not None:
            self._symbol.stop()
        else:
            self._dropped = True
            self._go.set()


class Heir:
    """In the new worker: what it has prepared. For one thread."""

    def __init__(self, symbols: Symbols) -> None:
        self._symbols = symbols
        self._prepared: list[_Prepared] = []

    def prepare(self, number: int, frame: bytes) -> bytes:
        """Make what this command starts, but let it not run; returns the reply. Never raises."""
        try:
            self._prepared.append(_Prepared(number, decode_command(frame), self._symbols))
        except EkuiperError as error:
            return encode_result(str(error))
        except Exception as error:
            # Ours, not the author's: the supervisor must get its one reply all the same.
            _log.exception("a reload failed inside the SDK")
            return encode_result(f"{type(error).__name__}: {error}")
        return encode_result(None)

    def take_over(self, line: Link | None, numbers: list[int]) -> dict[str, str]:
        """Go on with all that was prepared under these numbers, as the old worker gives it; then
        with the rest on channels of their own. Returns what failed and why, by number."""
        failed: dict[int, str] = {}
        due: dict[_Key, _Prepared] = {}
        for each in self._prepared:
            unwanted = due.get(each.key) if each.number in numbers else each
            if each.number in numbers:
                due[each.key] = each
            if unwanted is not None:
                unwanted.drop()
        taken = list(due.values())
        while line is not None:
            try:
                _, count, content = line.recv()
            except ChannelClosedError:
                break
            key, _, packed = content.partition(b"\n")
            ceded = _unpacked(packed, line.descriptors(count))
            self._go_on(due, tuple(loads(key)), ceded, failed)
        for each in due.values():
            _take(each, None, failed)
        self._symbols.activate()
        for each in taken:
            try:
                each.check()
            except EkuiperError as error:
                failed[each.number] = str(error)
        return {str(number): reason for number, reason in failed.items()}

    def _go_on(
        self, due: dict[_Key, _Prepared], key: _Key, ceded: Ceded | None, failed: dict[int, str]
    ) -> None:
        """With one that the old worker gave."""
        prepared = due.pop(key, None)
        if prepared is not None:
            _take(prepared, ceded, failed)
        elif ceded is not None:
            _, name, *_ = key
            if key[0] != "func" or not self._symbols.continue_function(name, ceded):
                ceded.close()


def _unpacked(packed: bytes, descriptors: list[int]) -> Ceded | None:
    return Ceded.unpacked(packed, descriptors) if packed else None


def _take(prepared: _Prepared, ceded: Ceded | None, failed: dict[int, str]) -> None:
    try:
        prepared.take(ceded)
    except (EkuiperError, OSError) as error:
        prepared.drop()
        failed[prepared.number] = str(error)
