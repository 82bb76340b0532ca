"""The host's end of the channels as pynng sockets: real nng is at the other end of the plugin's."""

import json
from typing import Any

import pynng

from .rig import Reply

__all__ = ["Channel", "Function", "compact", "strict"]

_SEND = 1.0
_CALL = 10.0


class Channel:
    """A pynng socket whose `recv` gives None when nothing came in time."""

    def __init__(self, socket: pynng.Socket) -> None:
        self.socket = socket

    def listen(self, url: str) -> None:
        self.socket.listen(url)

    def send(self, data: bytes, timeout: float = _SEND) -> None:
        """Raises `pynng.Timeout`, and `pynng.BadState` for an answer that nobody waits for."""
        self.socket.send_timeout = int(timeout * 1000)
        self.socket.send(data)

    def recv(self, timeout: float) -> bytes | None:
        self.socket.recv_timeout = max(1, int(timeout * 1000))
        try:
            return bytes(self.socket.recv())
        except pynng.Timeout:
            return None

    def close(self) -> None:
        self.socket.close()


class Function:
    """A function's channel, which listens from the moment it is made."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._channel = Channel(pynng.Rep0())
        self._channel.listen(url)

    def validate(self, *args: Any) -> Reply:
        return self._reply({"func": "Validate", "arg": list(args) or None})

    def is_aggregate(self) -> bool:
        reply = self._reply({"func": "IsAggregate", "arg": None})
        return reply.state and reply.result is True

    def exec(
        self,
        *args: Any,
        rule: str = "rule",
        op: str = "2_project",
        instance: int = 0,
        func: int = 0,
        timeout: float = _CALL,
    ) -> Reply:
        place = {"ruleId": rule, "opId": op, "instanceId": instance, "funcId": func}
        return self._reply({"func": "Exec", "arg": [*args, compact(place)]}, timeout)

    def ask(self, request: Any, timeout: float = _CALL) -> bytes | None:
        """Ask, and return the answer as it came; bytes are asked as they are.

        With nothing to reply to, a message is awaited first and thrown away: the handshake, or an
        answer that came too late. A handshake instead of an answer makes it ask again.
        """
        frame = request if isinstance(request, bytes) else compact(request).encode()
        while True:
            try:
                self._channel.send(frame)
            except pynng.BadState:
                if self._channel.recv(timeout) is None:
                    return None
                continue
            answer = self._channel.recv(timeout)
            if answer is None or not answer.startswith(b"h"):
                return answer

    def unasked(self, timeout: float) -> bytes | None:
        """A message that comes although nothing was asked."""
        return self._channel.recv(timeout)

    def listen_again(self) -> None:
        """Lose every connection, and let the plugin dial anew."""
        self._channel.close()
        self._channel = Channel(pynng.Rep0())
        self._channel.listen(self.url)

    def close(self) -> None:
        self._channel.close()

    def _reply(self, request: Any, timeout: float = _CALL) -> Reply:
        answer = self.ask(request, timeout)
        if answer is None:
            return Reply(False, "time out")
        try:
            reply = strict(answer)
        except ValueError as error:
            return Reply(False, f"Failed to unmarshal function result: {error}")
        return Reply(reply["state"], reply["result"])


def compact(value: Any) -> str:
    """JSON as Go writes it, as far as these tests can tell."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def strict(text: bytes) -> Any:
    """What the text says, in JSON without Python's additions. Raises `ValueError`."""
    return json.loads(text, parse_constant=_refuse)


def _refuse(token: str) -> Any:
    raise ValueError(f"invalid token {token}")
