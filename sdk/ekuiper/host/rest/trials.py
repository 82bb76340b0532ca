"""A rule on trial on a real eKuiper: its rows come to whoever asks for them, and it is gone after.

The rows come from the host's data port (10081 if not set): as server-sent events from 2.4 on, by a
web socket before.
"""

import http.client
import json
import time
from base64 import b64encode
from collections.abc import Iterator
from typing import IO, Any
from urllib.parse import quote

from ...errors import RestError
from .answers import one_line, value_of
from .client import CONNECT_TIMEOUT, Rest

__all__ = ["Trial", "create_trial", "delete_trial", "rows_of", "start_trial"]

_PATH = "/ruletest"
_CLOSE = 8  # and kinds above it are about the connection
_KEY = b64encode(b"sixteen bytes: k").decode()


def create_trial(rest: Rest, rule: dict[str, Any]) -> int:
    """Plan a rule: `id`, `sql`, and `mockSource`, rows in place of what streams would give. Returns
    the port for its rows."""
    path = _PATH
    found = rest.post(path, {"sinkProps": {"sendSingle": True}, **rule})
    port = found.get("port") if isinstance(found, dict) else None
    if not isinstance(port, int):
        raise rest.error(f"POST {path}", "the answer names no port for the rows")
    return port


def start_trial(rest: Rest, id: str) -> None:
    rest.post(f"{_PATH}/{quote(id, safe='')}/start")


def delete_trial(rest: Rest, id: str) -> None:
    rest.delete(f"{_PATH}/{quote(id, safe='')}")


class Trial:
    """The connection on which the rows of one trial come; open before it is started."""

    def __init__(self, rest: Rest, id: str, port: int) -> None:
        self._where = f"{rest.place.host}:{port}"
        made = http.client.HTTPSConnection if rest.place.secure else http.client.HTTPConnection
        self._connection = made(rest.place.host.strip("[]"), port, timeout=CONNECT_TIMEOUT)
        headers = {
            "Connection": "Upgrade",
            "Upgrade": "websocket",
            "Sec-WebSocket-Key": _KEY,
            "Sec-WebSocket-Version": "13",
        }
        try:
            self._connection.request("GET", f"/test/{quote(id, safe='')}", headers=headers)
            self._answer = self._connection.getresponse()
        except (OSError, http.client.HTTPException) as error:
            self._connection.close()
            reason = f"the rows come from there, and it cannot be reached: {one_line(str(error))}"
            raise RestError(0, reason, self._where) from error
        if self._answer.status not in (200, 101):
            self.close()
            raise RestError(self._answer.status, "there are no rows of a trial", self._where)

    def close(self) -> None:
        self._answer.close()
        self._connection.close()

    def rows(self, quiet: float, deadline: float) -> Iterator[Any]:
        """What comes, until `deadline` (of `time.monotonic`), or nothing came for `quiet`
        seconds."""
        events = _sockets(self._answer.fp) if self._answer.status == 101 else _events(self._answer)
        while True:
            left = min(quiet, deadline - time.monotonic())
            if left <= 0 or self._connection.sock is None:
                return
            self._connection.sock.settimeout(left)
            try:
                text = next(events)
            except (TimeoutError, StopIteration):
                return
            except (OSError, http.client.HTTPException) as error:
                reason = f"the connection broke: {one_line(str(error))}"
                raise RestError(0, reason, self._where) from error
            yield value_of(text)


def _events(answer: http.client.HTTPResponse) -> Iterator[str]:
    """The data of server-sent events."""
    data: list[str] = []
    for line in iter(answer.readline, b""):
        text = line.decode("utf-8", "replace").rstrip("\r\n")
        if text.startswith("data:"):
            data.append(text[5:].removeprefix(" "))
        elif not text and data:
            yield "\n".join(data)
            data = []


def _sockets(file: IO[bytes]) -> Iterator[str]:
    """The texts of a web socket (RFC 6455), from the side that sends unmasked frames."""
    whole = b""
    while head := file.read(2):
        final, kind, length = head[0] & 0x80, head[0] & 0x0F, head[1] & 0x7F
        if length > 125:
            length = int.from_bytes(file.read(2 if length == 126 else 8), "big")
        content = file.read(length)
        if kind == _CLOSE:
            return
        if kind >= _CLOSE:
            continue  # a ping: a trial is over before an answer is missed
        whole += content
        if final:
            yield whole.decode("utf-8", "replace")
            whole = b""


def rows_of(value: Any) -> list[dict[str, Any]]:
    """The rows in one message: one, several, or what is none as text."""
    found = value if isinstance(value, list) else [value]
    return [each if isinstance(each, dict) else {"": json.dumps(each)} for each in found]
