"""Every error this package raises on purpose, rooted by who must act.

    EkuiperError
    ├── PluginError        the plugin's author must act
    │   ├── ConfigError            a symbol or plugin was declared wrongly
    │   ├── ManifestError          `<name>.json` or `pyproject.toml` is wrong
    │   ├── DeclarationError       the plugin file does not come to `plugin.start`
    │   ├── PackError              the plugin cannot be packed for a host
    │   ├── SymbolError            a symbol cannot be started or run
    │   └── UnsupportedValueError  a value has no JSON form
    ├── ProtocolError      the other end said nonsense
    │   ├── MalformedMessageError
    │   └── UnknownCommandError
    ├── TransportError     the environment
    │   ├── ChannelTimeoutError    nothing arrived, or nothing was taken, in time
    │   ├── ChannelResetError      the connection was lost; send again to dial anew
    │   ├── ChannelClosedError     this end was closed
    │   ├── ChannelStateError      send and recv were not called in turn
    │   ├── AddressError           the path cannot be a socket
    │   ├── ConnectError
    │   └── ListenError
    └── HostError          the host refused
        ├── CallError              a function call failed
        ├── ExpressionError        a function call cannot be read
        └── RestError

Each keeps its facts in fields; the text says what, the value, and what to do.
"""

__all__ = [
    "AddressError",
    "CallError",
    "ChannelClosedError",
    "ChannelResetError",
    "ChannelStateError",
    "ChannelTimeoutError",
    "ConfigError",
    "ConnectError",
    "DeclarationError",
    "EkuiperError",
    "ExpressionError",
    "HostError",
    "ListenError",
    "MalformedMessageError",
    "ManifestError",
    "PackError",
    "PluginError",
    "ProtocolError",
    "RestError",
    "SymbolError",
    "TransportError",
    "UnknownCommandError",
    "UnsupportedValueError",
]

_SHOWN = 120  # bytes of a bad frame that a message repeats


class EkuiperError(Exception):
    """The root: catch it to catch everything this package raises on purpose."""


class PluginError(EkuiperError):
    """The plugin's author must act."""


class ConfigError(PluginError):
    """A plugin or one of its symbols was declared wrongly; raised when it is made."""

    def __init__(self, symbol: str, reason: str) -> None:
        super().__init__(f"{symbol}: {reason}")
        self.symbol = symbol
        self.reason = reason


class ManifestError(PluginError):
    """The manifest or `pyproject.toml` at `path` is wrong in `field` (empty: as a whole)."""

    def __init__(self, path: str, field: str, reason: str) -> None:
        where = f"{path}: {field!r}" if field else path
        super().__init__(f"{where}: {reason}")
        self.path = path
        self.field = field
        self.reason = reason


class DeclarationError(PluginError):
    """The plugin file `script` does not come to `plugin.start`, so that nobody knows what it
    declares; `log` is the end of what it wrote."""

    def __init__(self, script: str, reason: str, log: str = "") -> None:
        super().__init__(f"{script}: {reason}")
        self.script = script
        self.reason = reason
        self.log = log


class PackError(PluginError):
    """The plugin cannot be packed: `place` is a file, a package or an option, and `reason` says
    what is wrong with it."""

    def __init__(self, place: str, reason: str) -> None:
        super().__init__(f"{place}: {reason}")
        self.place = place
        self.reason = reason


class SymbolError(PluginError):
    """A symbol cannot be started or run; `symbol` reads like "source 'pyjson'"."""

    def __init__(self, symbol: str, reason: str) -> None:
        super().__init__(f"{symbol}: {reason}")
        self.symbol = symbol
        self.reason = reason


class UnsupportedValueError(PluginError):
    """A value has no JSON form; `path` says where in the row or result it stands."""

    def __init__(
        self,
        value_type: str,
        path: str,
        reason: str = "has no JSON form; convert it first, "
        "e.g. to dict, list, str, int, float, bool or None",
    ) -> None:
        super().__init__(f"{path}: a value of type {value_type} {reason}")
        self.value_type = value_type
        self.path = path
        self.reason = reason


class ProtocolError(EkuiperError):
    """The other end of a channel said something that eKuiper never says."""


class MalformedMessageError(ProtocolError):
    """`frame` is not what this channel carries."""

    def __init__(self, frame: bytes, reason: str) -> None:
        shown = repr(frame[:_SHOWN])[1:]
        more = f" … ({len(frame)} bytes)" if len(frame) > _SHOWN else ""
        super().__init__(f"{reason}; got {shown}{more}")
        self.frame = frame
        self.reason = reason


class UnknownCommandError(ProtocolError):
    """The host sent a command, plugin type or function request this SDK does not know."""

    def __init__(self, command: str, known: str) -> None:
        super().__init__(f"unknown {command}; known: {known}")
        self.command = command


class TransportError(EkuiperError):
    """The environment: sockets, paths, peers."""


class ChannelTimeoutError(TransportError):
    """The deadline passed. Nothing was lost: a timed-out send took nothing, a recv may be
    repeated."""


class ChannelResetError(TransportError):
    """The connection was lost while something was under way; the next `send` dials again."""


class ChannelClosedError(TransportError):
    """This end of the channel was closed, perhaps by another thread."""


class ChannelStateError(TransportError):
    """`send` and `recv` of an exchange were not called in turn."""


class AddressError(TransportError):
    """`url` cannot be a socket: too long a path, a forbidden character, no such folder."""

    def __init__(self, url: str, reason: str) -> None:
        super().__init__(f"{url if url.isprintable() else ascii(url)[1:-1]}: {reason}")
        self.url = url
        self.reason = reason


class ConnectError(TransportError):
    """Nobody usable listens at `url`."""

    def __init__(self, url: str, attempts: int, reason: str) -> None:
        times = "once" if attempts == 1 else f"{attempts} times"
        super().__init__(f"cannot connect to {url}: {reason} (tried {times})")
        self.url = url
        self.attempts = attempts
        self.reason = reason


class ListenError(TransportError):
    """`url` cannot be listened at."""

    def __init__(self, url: str, reason: str) -> None:
        super().__init__(f"cannot listen at {url}: {reason}")
        self.url = url
        self.reason = reason


class HostError(EkuiperError):
    """The host refused, or could not do, what it was asked."""


class CallError(HostError):
    """A function failed or did not answer; `call` reads like "call func revert"."""

    def __init__(self, call: str, reason: str) -> None:
        super().__init__(f"{call} error: {reason}")
        self.call = call
        self.reason = reason


class ExpressionError(HostError):
    """`text` is no call of a function: `reason`, at `position`."""

    def __init__(self, text: str, position: int, reason: str) -> None:
        shown = "".join(character if character.isprintable() else " " for character in text)
        super().__init__(f"{reason}\n  {shown}\n  {' ' * position}^")
        self.text = text
        self.position = position
        self.reason = reason


class RestError(HostError):
    """A call of an eKuiper's REST interface failed.

    `status` is 0 when no answer came; `body` is the host's own words, or what is wrong; `where`
    reads like "edge1:9081: PUT /rules/r1".
    """

    def __init__(self, status: int, body: str, where: str = "") -> None:
        said = f"HTTP {status}: {body}" if status else body
        super().__init__(f"{where}: {said}" if where else said)
        self.status = status
        self.body = body
        self.where = where
