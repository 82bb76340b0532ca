"""Runs a plugin inside the process of its test."""

import os
import threading
import traceback

from ..config import PluginConfig
from ..errors import ChannelClosedError, HostError
from ..protocol.addresses import Addresses
from ..runtime import control
from ..runtime.hostwatch import HostWatch
from ..runtime.symbols import Symbols
from ..transport import Exchange, Peer, Transport

__all__ = ["PluginThread"]

_KILLED = -9
_CLOSE = 2.0  # seconds for all `close` hooks together, as in a plugin process
_END = 15.0  # longer than `configure` may take


class PluginThread:
    """A launcher for the embedded host: the runtime of `config` on a thread, not in a process.

    "Killing" it closes its channels and lets its symbols end in order. What the author's code
    writes goes where the test's own output goes.
    """

    def __init__(self, config: PluginConfig, transport: Transport, addresses: Addresses) -> None:
        self._config = config
        self._transport = transport
        self._addresses = addresses
        self._exchange: Exchange | None = None
        self._thread: threading.Thread | None = None
        self._exit_code: int | None = None
        self._failure = ""

    @property
    def alive(self) -> bool:
        return self._thread is not None and self._thread.is_alive()

    @property
    def exit_code(self) -> int | None:
        return None if self.alive else self._exit_code

    def start(self) -> None:
        exchange = self._transport.req(self._addresses.control(self._config.name))
        self._exchange = exchange
        self._exit_code = None
        self._thread = threading.Thread(
            target=self._serve, args=(exchange,), name=f"plugin {self._config.name}", daemon=True
        )
        self._thread.start()

    def kill(self) -> None:
        if self._thread is None or self._exchange is None:
            return
        self._exchange.close()
        self._thread.join(_END)
        if self._thread.is_alive():
            raise HostError(f"plugin {self._config.name!r} did not end within {_END:g} s")

    def close(self) -> None:
        self.kill()

    def log_tail(self, lines: int = 20) -> str:
        return "\n".join(self._failure.splitlines()[-lines:])

    def _serve(self, exchange: Exchange) -> None:
        symbols = Symbols(self._config, self._transport, self._addresses)
        host = HostWatch(Peer(os.getpid(), os.geteuid()))  # this process: never lost
        self._exit_code = 1
        try:
            control.serve(exchange, symbols, host)
        except ChannelClosedError:
            self._exit_code = _KILLED
        except BaseException:  # whatever it is, whoever started the plugin must see it
            self._failure = traceback.format_exc()
        finally:
            symbols.close(_CLOSE)
            exchange.close()
            host.close()
