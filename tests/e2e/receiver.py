"""Where the rules' REST actions send their results."""

import json
import threading
from collections import defaultdict
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any

__all__ = ["Receiver"]


class Receiver:
    """A web server on the loopback that keeps what is posted, by path."""

    def __init__(self) -> None:
        kept: dict[str, list[Any]] = defaultdict(list)

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                kept[self.path].append(_parsed(_body(self)))
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self._kept = kept
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, name="receiver")

    def __enter__(self) -> "Receiver":
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def action(self, name: str) -> dict[str, Any]:
        """The action of a rule whose results shall be kept under `name`, one by one."""
        url = f"http://127.0.0.1:{self._server.server_port}/{name}"
        return {"rest": {"url": url, "method": "POST", "bodyType": "json", "sendSingle": True}}

    def results(self, name: str) -> list[Any]:
        """What came for `name` so far, parsed; a text that is not JSON as `{"error": text}`."""
        return list(self._kept[f"/{name}"])


def _body(request: BaseHTTPRequestHandler) -> bytes:
    length = request.headers["Content-Length"]
    if length is not None:
        return request.rfile.read(int(length))
    chunks = []  # 1.x sends no length
    while size := int(request.rfile.readline(), 16):
        chunks.append(request.rfile.read(size))
        request.rfile.readline()
    request.rfile.readline()
    return b"".join(chunks)


def _parsed(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return {"error": body.decode()}  # with sendError, 2.x sends the bare text
