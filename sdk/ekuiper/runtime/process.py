"""This process as a plugin: its streams, signals and end."""

import logging
import os
import select
import signal
import sys
import threading
from types import FrameType

from ..config import PluginConfig
from ..errors import (
    ChannelClosedError,
    ConfigError,
    ConnectError,
    EkuiperError,
    TransportError,
)
from ..protocol.addresses import Addresses
from ..protocol.engine import engine
from ..transport import Exchange, Transport
from . import control, logs
from .guard import guard_alone
from .hostwatch import HostWatch
from .lastwords import end_with_symbols
from .lines import prepare_streams
from .locks import runtime_directory
from .polling import Polling
from .reach import HOSTED_DIAL_TIMEOUT, has_host_argument, reach, socket_directory
from .supervision.worker import Seat, seat
from .symbols import Symbols
from .wear import Wear

__all__ = ["run"]

BY_HAND_DIAL_TIMEOUT = 0.3
"""Seconds to look for a host that may listen for a plugin started by hand."""

CLOSE_TIMEOUT = 2.0
"""Seconds for all `close` hooks together when the process ends."""

EXIT_TIMEOUT = 0.5
"""Seconds for the interpreter to end (threads, `atexit`) before it is cut short."""

_log = logging.getLogger(__name__)


class _Terminated(BaseException):
    """SIGTERM arrived."""


def run(config: PluginConfig, directory: str | None = None) -> int:
    """Serve `config` until the end; returns the exit status (see `plugin.start`).

    In a script that a host started the process is first replaced by a supervisor, whose worker
    comes here again. `directory` is where the process was started.
    """
    prepare_streams()
    _prepare_threads()
    end_with_symbols()
    logs.configure(config.name)
    addresses = Addresses(socket_directory())
    try:
        if (worker := seat()) is not None:
            worker.check(config)
            _check_environment()
            return _serve_supervised(config, worker, _transport(), addresses)
        _check_environment()
        transport = _transport()
        _be_supervised(config, directory)
        exchange = _dial(config, transport, addresses)
        if exchange is None:
            return 2
        return _serve(config, exchange, transport, addresses)
    except EkuiperError as error:
        _log.critical("plugin %s cannot run: %s", config.name, error)
        if (worker := seat()) is not None:
            worker.failed(f"plugin {config.name} cannot run: {error}")
        return 1


def _be_supervised(config: PluginConfig, directory: str | None) -> None:
    """Become a supervisor, unless nobody started us who would notice a crash, or it cannot be."""
    if not has_host_argument(sys.argv[1:]):
        return
    from .supervision.becoming import become_supervisor, why_alone

    reason = why_alone(config)
    if reason is None:
        become_supervisor(config.name, directory)
    _log.info("plugin %s runs in one process, which nobody restarts: %s", config.name, reason)


def _serve_supervised(
    config: PluginConfig, worker: Seat, transport: Transport, addresses: Addresses
) -> int:
    _prepare_signals(hosted=True)
    config, transport = _probed(config, transport)
    locks = _locks(addresses)
    wear = Wear(config.max_calls, worker.worn) if config.max_calls is not None else None
    symbols = Symbols(config, transport, addresses, locks, worker.guard, worker.keeping, wear)
    status = 1
    try:
        worker.serve(config, symbols)
        _ignore_sigterm()
        _abandon_streams()
        status = 0
    except (_Terminated, KeyboardInterrupt):
        _log.info("plugin %s was told to end", config.name)
        status = 0
    finally:
        _bound_the_exit(status)
        symbols.close(CLOSE_TIMEOUT)
    return status


def _serve(
    config: PluginConfig, exchange: Exchange, transport: Transport, addresses: Addresses
) -> int:
    host = HostWatch(exchange.peer)
    _prepare_signals(hosted=host.started_us)
    config, transport = _probed(config, transport)
    guard = guard_alone(config.call_timeout)
    symbols = Symbols(config, transport, addresses, _locks(addresses), guard)
    status = 1
    try:
        _log.info("plugin %s serves its host (process %d)", config.name, host.host)
        control.serve(exchange, symbols, host)
        _abandon_streams()
    except (_Terminated, KeyboardInterrupt):
        _log.info("plugin %s was told to end", config.name)
        status = 0
    finally:
        _bound_the_exit(status)
        symbols.close(CLOSE_TIMEOUT)
        exchange.close()
        host.close()
    return status


def _dial(config: PluginConfig, transport: Transport, addresses: Addresses) -> Exchange | None:
    """Connect to the host; None when started by hand and nobody listens (the user was told)."""
    if has_host_argument(sys.argv[1:]):
        return reach(config.name, transport.req, addresses, HOSTED_DIAL_TIMEOUT)
    url = addresses.control(config.name)
    try:
        return transport.req(url, timeout=BY_HAND_DIAL_TIMEOUT)
    except ConnectError:
        print(_introduction(config, url), file=sys.stderr)
        return None


def _introduction(config: PluginConfig, url: str) -> str:
    kinds = (
        ("sources", config.sources),
        ("sinks", config.sinks),
        ("functions", config.functions),
    )
    symbols = "".join(f"  {kind:<10} {', '.join(names) or '-'}\n" for kind, names in kinds)
    folder = os.path.dirname(os.path.abspath(sys.argv[0])) if sys.argv[0] else "FOLDER"
    return (
        f"This is the eKuiper plugin {config.name!r}:\n{symbols}"
        f"eKuiper starts it; nothing listens for it at {url.removeprefix('ipc://')}.\n"
        f"To try it on this machine without eKuiper:  ekuiper run {folder}"
    )


def _check_environment() -> None:
    """Tell a wrong EKUIPER_JSON now, not at the first row; without one nothing is loaded yet.
    A wrong EKUIPER_POLL as well, not in a worker."""
    if os.environ.get("EKUIPER_JSON"):
        engine()
    Polling()


def _transport() -> Transport:
    wanted = os.environ.get("EKUIPER_TRANSPORT") or "ipc"
    if wanted == "ipc":
        from ..transport.ipc import IpcTransport

        return IpcTransport()
    if wanted == "nng":
        try:
            from ..transport.nng import NngTransport

            return NngTransport()
        except ImportError as error:
            raise ConfigError(
                "EKUIPER_TRANSPORT=nng", f"{error}; install it with: pip install 'ekuiper[nng]'"
            ) from error
    raise ConfigError(f"EKUIPER_TRANSPORT={wanted}", "unknown; known: ipc, nng")


def _probed(config: PluginConfig, transport: Transport) -> tuple[PluginConfig, Transport]:
    """For `ekuiper bench` only: with stamps that tell where the time goes."""
    wanted = os.environ.get("EKUIPER_PROBE")
    if not wanted:
        return config, transport
    from .probe import probed

    return probed(wanted, config, transport)


def _locks(addresses: Addresses) -> str | None:
    try:
        return runtime_directory(addresses.directory)
    except TransportError as error:
        _log.warning("%s; function names are not guarded against a second plugin", error)
        return None


def _prepare_threads() -> None:
    """An author's thread that emits ends by `ChannelClosedError` when its source is stopped: that
    is how it should be, and no traceback."""
    report = threading.excepthook

    def unless_stopped(args: threading.ExceptHookArgs) -> None:
        if not issubclass(args.exc_type, ChannelClosedError):
            report(args)

    threading.excepthook = unless_stopped


def _prepare_signals(*, hosted: bool) -> None:
    """SIGTERM ends the plugin in order; Ctrl-C too, unless the host got it as well and decides."""
    if threading.current_thread() is not threading.main_thread():
        return
    signal.signal(signal.SIGTERM, _on_sigterm)
    if hosted:
        signal.signal(signal.SIGINT, signal.SIG_IGN)


def _on_sigterm(signum: int, frame: FrameType | None) -> None:
    _ignore_sigterm()
    raise _Terminated


def _ignore_sigterm() -> None:
    """The end has begun: a second one changes nothing."""
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, signal.SIG_IGN)


def _abandon_streams() -> None:
    """Point stdout and stderr at nothing where they are pipes that the host no longer reads."""
    nothing = os.open(os.devnull, os.O_WRONLY)
    poll = select.poll()
    for fd in (1, 2):
        poll.register(fd, 0)
    for fd, _ in poll.poll(0):  # an error or hang-up: writing would raise
        os.dup2(nothing, fd)
    os.close(nothing)


def _bound_the_exit(status: int) -> None:
    """End the process even if author threads or exit handlers do not."""
    deadline = threading.Timer(CLOSE_TIMEOUT + EXIT_TIMEOUT, os._exit, (status,))
    deadline.daemon = True
    deadline.start()
