"""Rows that an eKuiper sends to this machine, by the action `rest` of a rule."""

import http.client
import queue
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from .answers import one_line, value_of
from .client import CONNECT_TIMEOUT, Rest

__all__ = ["Received", "receiving"]

_POLL = 0.05  # seconds until the end of the block is noticed


class Received(NamedTuple):
    """Where rows are to be sent, and those that came."""

    url: str
    messages: "queue.SimpleQueue[Any]"

    @property
    def action(self) -> dict[str, Any]:
        """Of a rule whose rows come here, one by one."""
        return {"rest": {"url": self.url, "method": "POST", "bodyType": "json", "sendSingle": True}}

    def rows(self, quiet: float, deadline: float) -> Iterator[Any]:
        """As those of a `Trial`."""
        while (left := min(quiet, deadline - time.monotonic())) > 0:
            try:
                yield self.messages.get(timeout=left)
            except queue.Empty:
                return


@contextmanager
def receiving(rest: Rest) -> Iterator[Received]:
    """Listens where this eKuiper can reach us, at a path that nobody else knows, on a thread that
    ends with the block. Raises `RestError`."""
    messages: queue.SimpleQueue[Any] = queue.SimpleQueue()
    path = f"/{uuid.uuid4().hex}"

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = _body(self)
            if self.path == path:
                messages.put(value_of(body.decode("utf-8", "replace")))
            self.send_response(200 if self.path == path else 404)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing."""

    address, family = _our_end(rest)

    class Server(ThreadingHTTPServer):
        address_family = family
        daemon_threads = True

    with Server((address, 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(_POLL,), name="ekuiper-rows")
        thread.start()
        shown = f"[{address}]" if ":" in address else address
        try:
            yield Received(f"http://{shown}:{server.server_address[1]}{path}", messages)
        finally:
            server.shutdown()
            thread.join()


def _our_end(rest: Rest) -> tuple[str, Any]:
    """The address that this machine has for that eKuiper, and its kind."""
    place = rest.place
    port = urlsplit(place.url).port
    connection = http.client.HTTPConnection(place.host.strip("[]"), port, timeout=CONNECT_TIMEOUT)
    try:
        connection.connect()
        return connection.sock.getsockname()[0], connection.sock.family
    except OSError as error:
        raise rest.error("", f"cannot be reached: {one_line(str(error))}") from error
    finally:
        connection.close()


def _body(request: BaseHTTPRequestHandler) -> bytes:
    length = request.headers["Content-Length"]
    if length is not None:
        return request.rfile.read(int(length))
    chunks = []  # eKuiper 1 sends no length
    while size := int(request.rfile.readline() or b"0", 16):
        chunks.append(request.rfile.read(size))
        request.rfile.readline()
    request.rfile.readline()
    return b"".join(chunks)
