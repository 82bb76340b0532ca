"""The symbols that run in this process, and what each command of the host does to them."""

import logging
import time
from collections.abc import Callable, Iterable

from ..config import PluginConfig
from ..errors import ConnectError, EkuiperError, SymbolError
from ..protocol.addresses import Addresses
from ..protocol.codec import decode_command, encode_result
from ..protocol.messages import Command, Kind, Meta
from ..transport import Request, Transport
from ..transport.ceded import Ceded
from ..typed import Any
from .dialling import FunctionLine
from .function import RunningFunction
from .guard import Guard
from .keeping import Keeping
from .polling import Polling
from .sink import RunningSink
from .source import RunningSource
from .symbol import RunningSymbol
from .wear import Wear

__all__ = ["Symbols"]

LOCK_TIMEOUT = 2.0
"""Seconds to wait for a function name that an ending process may still hold."""

FUNCTION_DIAL_TIMEOUT = 2.0
"""Seconds to dial a function's socket, which the host opens before it sends the start."""

Key = tuple[Kind, str, Meta]

_log = logging.getLogger(__name__)


class Symbols:
    """Starts and stops symbols as the host says; commands come one at a time, on one thread.

    `locks` is the folder for function locks (None: none are taken, for hosts inside a test),
    `guard` and `keeping` are the worker's, if this is one, and `wear` if it is to be replaced after
    many calls.
    """

    def __init__(
        self,
        config: PluginConfig,
        transport: Transport,
        addresses: Addresses,
        locks: str | None = None,
        guard: Guard | None = None,
        keeping: Keeping | None = None,
        wear: Wear | None = None,
    ) -> None:
        self._config = config
        self._transport = transport
        self._addresses = addresses
        self._locks = locks
        self._guard = guard
        self._keeping = keeping
        self._wear = wear
        self._polling = Polling()
        self._running: dict[Key, RunningSymbol] = {}
        self._functions: dict[str, RunningFunction] = {}
        self._starting: RunningSymbol | None = None

    def activate(self) -> None:
        """Dial every declared function once.

        A host that knew this plugin before waits at those sockets already, and of all functions it
        starts again only the last one it started (see docs/protocol.md, "After a restart").
        """
        for name in self._config.functions:
            if name not in self._functions:
                self._dial_early(name)

    def _dial_early(self, name: str) -> None:
        line = self._line(name)
        try:
            exchange = line.dial(lock_timeout=0.0, timeout=0.0)
        except ConnectError:
            return  # no rule uses it yet
        except SymbolError:
            # Perhaps this plugin's previous process, just being killed: wait for it, but not here.
            self._run(name, line, lambda: line.dial(LOCK_TIMEOUT, 0.0), required=False)
        else:
            self._run(name, line, lambda: exchange, required=False)

    def answer(self, frame: bytes) -> bytes:
        """Do what one command says; returns the reply. Never raises."""
        try:
            self._do(decode_command(frame))
        except EkuiperError as error:
            _log.warning("%s", error)
            return encode_result(str(error))
        except Exception as error:
            # Ours, not the author's: the host must get its one reply all the same.
            _log.exception("a command failed inside the SDK")
            return encode_result(f"{type(error).__name__}: {error}")
        return encode_result(None)

    def answered(self) -> None:
        """The reply was sent: what was just started may run."""
        symbol, self._starting = self._starting, None
        if symbol is not None:
            symbol.go()

    def figures(self) -> list[dict[str, Any]]:
        """What runs, for which rules, and how much it did, as JSON has it; for the status."""
        found: list[dict[str, Any]] = []
        for (kind, name, meta), symbol in self._running.items():
            rows, errors = symbol.counts()
            place = {"rules": [meta.rule_id], "op": meta.op_id, "instance": meta.instance_id}
            found.append({"kind": kind, "name": name, **place, "rows": rows, "errors": errors})
        for name, function in self._functions.items():
            figures = function.tally.figures()
            found.append({"kind": "function", "name": name, "rules": function.rules, **figures})
        return found

    def close(self, timeout: float) -> None:
        """Stop everything at once, within about `timeout` seconds."""
        deadline = time.monotonic() + timeout
        running = list(self._running.values())
        functions = list(self._functions.values())
        self._running.clear()
        self._functions.clear()
        for symbol in running:
            symbol.begin_stop()
        for function in functions:
            function.close()
        for symbol in running:
            symbol.await_stop(max(0.0, deadline - time.monotonic()))
        for function in functions:
            function.join(max(0.0, deadline - time.monotonic()))

    def _do(self, command: Command) -> None:
        if command.verb == "stop":
            self._stop(command)
        elif command.kind == "func":
            self._declared(command)
            self._start_function(command.symbol)
        else:
            self._declared(command)
            self._start(command)

    def prepare(self, command: Command) -> RunningSymbol:
        """Make a source or sink that `adopt` will let run; raises `EkuiperError`."""
        self._declared(command)
        symbol = self._made(command)
        symbol.start(connects=False)
        return symbol

    def prepare_function(self, name: str, awaits: Callable[[], Ceded | None]) -> RunningFunction:
        """Make a function that goes on with the connection it `awaits`, or with a new one; raises
        `EkuiperError`."""
        self._declared(Command("start", "func", name, Meta("", "", 0), None, {}))
        line = self._line(name)
        given: list[Ceded | None] = []
        function = self._function(
            name,
            line,
            lambda: line.dial_started(LOCK_TIMEOUT, FUNCTION_DIAL_TIMEOUT, *given),
            required=True,
            awaits=lambda: given.append(awaits()),
        )
        function.start()
        function.wait_made(self._config.start_timeout)
        return function

    def adopt(self, symbol: RunningSymbol, ceded: Ceded | None) -> None:
        """Let run what was prepared, on the channel that another process ceded or a new one."""
        command = symbol.command
        symbol.connect(ceded)
        self._running[command.kind, command.symbol, command.meta] = symbol
        symbol.go()

    def adopt_function(self, name: str, function: RunningFunction) -> None:
        """A function that was prepared is one of those that run."""
        self._functions[name] = function

    def continue_function(self, name: str, ceded: Ceded) -> bool:
        """Go on with a function that was not prepared, since the host did not start it, but uses
        it; False if there is none of this name."""
        if name not in self._config.functions:
            return False
        line = self._line(name)
        self._run(
            name,
            line,
            lambda: line.dial_started(LOCK_TIMEOUT, FUNCTION_DIAL_TIMEOUT, ceded),
            required=False,
        )
        return True

    def disown(self) -> tuple[list[RunningSymbol], dict[str, RunningFunction]]:
        """All that runs, which is not ours to stop any more."""
        symbols, functions = list(self._running.values()), dict(self._functions)
        self._running.clear()
        self._functions.clear()
        return symbols, functions

    def _made(self, command: Command) -> RunningSymbol:
        if not command.meta.rule_id or not command.meta.op_id:
            raise SymbolError(f"{command.kind} {command.symbol!r}", "needs a ruleId and an opId")
        common = (command, self._config, self._transport, self._addresses)
        if command.kind == "source":
            return RunningSource(*common)
        sink = RunningSink(*common, guard=self._guard, keeping=self._keeping)
        sink.wear = self._wear
        return sink

    def _start(self, command: Command) -> None:
        key = (command.kind, command.symbol, command.meta)
        symbol = self._made(command)
        if (old := self._running.pop(key, None)) is not None:
            old.stop()
        self._check_path_is_free(key)
        symbol.start()
        self._running[key] = self._starting = symbol
        _log.info("started %s", symbol.what)

    def _stop(self, command: Command) -> None:
        # A function is never stopped by a host, and what does not run is stopped already.
        symbol = self._running.pop((command.kind, command.symbol, command.meta), None)
        if symbol is not None:
            symbol.stop()
            _log.info("stopped %s", symbol.what)

    def _start_function(self, name: str) -> None:
        function = self._functions.get(name)
        if function is None or function.failure is not None:
            line = self._line(name)
            function = self._run(
                name,
                line,
                lambda: line.dial_started(LOCK_TIMEOUT, FUNCTION_DIAL_TIMEOUT),
                required=True,
            )
        function.wait_started(self._config.start_timeout)

    def _run(
        self, name: str, line: FunctionLine, connect: Callable[[], Request], *, required: bool
    ) -> RunningFunction:
        function = self._functions[name] = self._function(name, line, connect, required=required)
        function.start()
        return function

    def _function(
        self,
        name: str,
        line: FunctionLine,
        connect: Callable[[], Request],
        *,
        required: bool,
        awaits: Callable[[], object] | None = None,
    ) -> RunningFunction:
        return RunningFunction(
            name,
            self._config,
            connect,
            line.release,
            self._polling,
            required=required,
            guard=self._guard,
            wear=self._wear,
            awaits=awaits,
        )

    def _line(self, name: str) -> FunctionLine:
        url = self._addresses.function(name)
        return FunctionLine(name, self._config.name, self._transport, url, self._locks)

    def _declared(self, command: Command) -> None:
        """Refuse a symbol that this plugin does not have, naming those it has."""
        declared: dict[Kind, Iterable[str]] = {
            "source": self._config.sources,
            "sink": self._config.sinks,
            "func": self._config.functions,
        }
        names = list(declared[command.kind])
        if command.symbol in names:
            return
        import difflib  # only on the way to an error

        near = difflib.get_close_matches(command.symbol, names, 1)
        hint = f"did you mean {near[0]!r}? " if near else ""
        kind = "function" if command.kind == "func" else command.kind
        raise SymbolError(
            f"{kind} {command.symbol!r}",
            f"{hint}the PluginConfig of plugin {self._config.name!r} has "
            f"{', '.join(map(repr, names)) or 'none'}; it and the manifest must name the same",
        )

    def _check_path_is_free(self, key: Key) -> None:
        """Rule `a_b` with node `c` and rule `a` with node `b_c` share a socket path."""
        url = self._addresses.data(key[2])
        for other in self._running:
            if self._addresses.data(other[2]) == url:
                raise SymbolError(
                    f"{key[0]} {key[1]!r} in rule {key[2].rule_id!r} ({key[2].op_id})",
                    f"needs the socket {url}, which {other[0]} {other[1]!r} of rule "
                    f"{other[2].rule_id!r} ({other[2].op_id}) uses; rename the rule or the stream",
                )
