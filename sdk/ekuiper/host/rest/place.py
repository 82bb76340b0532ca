"""Where the REST interface of an eKuiper is."""

from dataclasses import dataclass, field
from ipaddress import ip_address
from urllib.parse import unquote, urlsplit

__all__ = ["Place"]

_PORT = 9081
_SCHEMES = ("http", "https")


@dataclass(frozen=True)
class Place:
    """The base URL of a REST interface, and how it is called in messages.

    Name and password that the URL held are apart from it, and in no representation.
    """

    url: str
    """Without a slash at its end."""
    name: str
    """`edge1:9081`, with what else of the URL tells it from others."""
    host: str
    secure: bool
    login: tuple[str, str] | None = field(default=None, repr=False)

    @classmethod
    def parse(cls, text: str) -> "Place":
        """From `http://edge1:9081`, `edge1:9081` or `edge1`. Raises `ValueError` that says what is
        wrong; what was written before an @ is not repeated."""
        given = text.strip()
        if "://" not in given:
            given = f"http://{given}"
        try:
            parts = urlsplit(given)
            port = parts.port
        except ValueError as error:
            raise ValueError(f"{_shown(text)!r} is no URL: {error}") from error
        if parts.scheme not in _SCHEMES:
            raise ValueError(f"{_shown(text)!r}: eKuiper is reached by http or https")
        if not parts.hostname or not given.isprintable() or " " in given:
            raise ValueError(f"{_shown(text)!r} is no URL; write it as http://edge1:{_PORT}")
        if parts.query or parts.fragment:
            raise ValueError(f"{_shown(text)!r}: leave out what follows ? or #")
        host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
        secure = parts.scheme == "https"
        path = parts.path.rstrip("/")
        if port is None:
            port = 443 if secure else 80 if path else _PORT
        where = f"{host}:{port}{path}"
        login = None
        if parts.username is not None:
            login = (unquote(parts.username), unquote(parts.password or ""))
        return cls(
            url=f"{parts.scheme}://{where}",
            name=where if not secure else f"https://{where}",
            host=host,
            secure=secure,
            login=login,
        )

    @property
    def local(self) -> bool:
        """Whether it is this machine by its own word."""
        try:
            return ip_address(self.host.strip("[]")).is_loopback
        except ValueError:
            return self.host == "localhost"


def _shown(text: str) -> str:
    return text.rpartition("@")[2] if "@" in text else text
