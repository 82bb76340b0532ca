"""A small eKuiper for tests: it answers as real ones did, and plays what goes wrong with them.

Its sentences are those recorded from real hosts, with the name of the plugin at hand. An archive
that holds a file called `dies` makes a plugin whose process ends at once, one with `mute` a plugin
that never answers.
"""

from __future__ import annotations

import io
import json
import re
import threading
import zipfile
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import unquote

TRANSCRIPTS = Path(__file__).parents[2] / "transcripts"
HOME = "/kuiper"
UPLOADS = f"{HOME}/data/uploads"
SOURCE = re.compile(r'DATASOURCE="(.*?)"')
FUNCTION = re.compile(r"SELECT `?(.+?)`?\(")

Answer = tuple[int, str]


class Installed(NamedTuple):
    """A plugin there."""

    manifest: dict[str, Any]
    url: str
    files: list[str]


class Stub:
    """Answers on a loopback port of its own, until it is closed.

    `faults` are asked first, in order; one that returns True has answered. `calls` is what was
    asked for, such as "PUT /plugins/portables/x".
    """

    def __init__(self, version: str = "2.4.0") -> None:
        self.version = version
        self.uploads: dict[str, bytes] = {}
        self.installed: dict[str, Installed] = {}
        self.streams: dict[str, str] = {}
        """By name, what they read."""
        self.rules: dict[str, dict[str, Any]] = {}
        self.faults: list[Callable[[Handler], bool]] = []
        self.calls: list[str] = []
        self.headers: list[dict[str, str]] = []
        self.closing = threading.Event()
        self._recorded = _recorded(version)
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._server.stub = self  # type: ignore[attr-defined]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    def __enter__(self) -> Stub:
        return self

    def __exit__(self, *exception: object) -> None:
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def name(self) -> str:
        return f"127.0.0.1:{self._server.server_address[1]}"

    @property
    def url(self) -> str:
        return f"http://{self.name}"

    def asked(self, method: str) -> list[str]:
        """The paths that were called with this method."""
        return [call.split(" ")[1] for call in self.calls if call.startswith(method)]

    def answer(self, method: str, path: str, body: Any) -> Answer:
        """What a real one would answer, and do."""
        parts = [unquote(part) for part in path.strip("/").split("/")]
        match method, parts:
            case "GET", [""]:
                return self._said("GET", "/")
            case "GET", ["plugins", "portables"]:
                return 200, json.dumps([each.manifest for each in self.installed.values()])
            case "GET", ["plugins", "portables", name, "status"]:
                return self._status(name)
            case "POST", ["plugins", "portables"]:
                return self._install(body)
            case "PUT", ["plugins", "portables", name]:
                self.installed.pop(name, None)
                code, text = self._install(body)
                return (200, f"portable plugin {name} is updated") if code == 201 else (code, text)
            case "DELETE", ["plugins", "portables", name]:
                if self.installed.pop(name, None) is None:
                    return self._said("DELETE", "/plugins/portables/rec", 400, name)
                return self._said("DELETE", "/plugins/portables/rec", 200, name)
            case "GET", ["config", "uploads"]:
                return 200, json.dumps([f"{UPLOADS}/{name}" for name in self.uploads])
            case "DELETE", ["config", "uploads", name]:
                return (200, "ok") if self.uploads.pop(name, None) else _error("no such file")
            case "GET", ["data", "export"]:
                urls = {
                    name: json.dumps({"name": name, "file": each.url})
                    for name, each in self.installed.items()
                }
                return 200, json.dumps({"streams": {}, "portablePlugins": urls})
            case "GET", ["streams"]:
                return 200, json.dumps(sorted(self.streams))
            case "GET", ["streams", name] if name in self.streams:
                options = {"datasource": self.streams[name], "type": "memory"}
                return 200, json.dumps({"Name": name, "Options": options})
            case "POST", ["streams"]:
                return self._create_stream(body["sql"])
            case "DELETE", ["streams", name] if name in self.streams:
                del self.streams[name]
                return 200, f"Stream {name} is dropped."
            case "GET", ["rules"]:
                return 200, json.dumps([{"id": id, "status": "running"} for id in self.rules])
            case "GET", ["rules", id] if id in self.rules:
                return 200, json.dumps(self.rules[id])
            case "POST", ["rules"]:
                return self._create_rule(body)
            case "DELETE", ["rules", id] if self.rules.pop(id, None):
                return 200, f"Rule {id} is dropped."
        return 404, "404 page not found\n"

    def store(self, name: str, content: bytes) -> Answer:
        self.uploads[name] = content
        return 201, f"{UPLOADS}/{name}"

    def _said(self, method: str, path: str, status: int = 200, name: str = "rec") -> Answer:
        text = self._recorded[method, path, status]
        return status, text.replace("<KUIPER>", HOME).replace("rec", name)

    def _install(self, body: dict[str, str]) -> Answer:
        name, url = body["name"], body["file"]
        if name in self.installed:
            return self._said("POST", "/plugins/portables", 400, name)
        file = url.rpartition("/")[2]
        try:
            with zipfile.ZipFile(io.BytesIO(self.uploads[file])) as archive:
                files = archive.namelist()
                manifest = json.loads(archive.read(f"{name}.json"))
        except (KeyError, zipfile.BadZipFile):
            return _error("portable plugin create command error: zip: not a valid zip file")
        self.installed[name] = Installed(manifest, url, files)
        return self._said("POST", "/plugins/portables", 201, name)

    def _status(self, name: str) -> Answer:
        if self.version.startswith("1."):
            return 404, "404 page not found\n"
        found = self.installed.get(name)
        if found is None:
            return self._said("GET", "/plugins/portables/nosuch/status", 404)
        dead = "dies" in found.files
        told = {"refCount": {}, "status": "error" if dead else "running", "errMsg": ""}
        return 200, json.dumps({**told, "errMsg": "exit status 1" if dead else ""})

    def _create_stream(self, sql: str) -> Answer:
        name = sql.split()[2]
        if name in self.streams:
            message = f"Stream command error: Create stream fails: Item {name} already exists."
            return 400, json.dumps({"error": 3000, "message": message}) + "\n"
        source = SOURCE.search(sql)
        self.streams[name] = source[1] if source else ""
        return 201, f"Stream {name} is created."

    def _create_rule(self, rule: dict[str, Any]) -> Answer:
        called = FUNCTION.match(rule["sql"])
        function = called[1] if called else ""
        owner = next(
            (one for one in self.installed.values() if function in one.manifest["functions"]), None
        )
        before = f"invalid rule json: Parse SQL {rule['sql']} error: "
        if function and owner is None:
            return _error(f"{before}function {function} not found.")
        if owner and {"dies", "mute"} & set(owner.files):
            return _error(f"{before}validate function {function} error: time out.")
        if function == "refuse":
            text = self._recorded["POST", "/rules", 400]
            return 400, text
        self.rules[rule["id"]] = rule
        return 201, f"Rule {rule['id']} was created successfully."


class Handler(BaseHTTPRequestHandler):
    """One call of a `Stub`."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    @property
    def stub(self) -> Stub:
        return self.server.stub  # type: ignore[attr-defined, no-any-return]

    @property
    def call(self) -> str:
        return f"{self.command} {self.path}"

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing."""

    def do_GET(self) -> None:
        self.stub.calls.append(self.call)
        self.stub.headers.append(dict(self.headers))
        for fault in self.stub.faults:
            if fault(self):
                return
        content = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.command == "POST" and self.path == "/config/uploads":
            status, text = self.stub.store(*_file(content))
        else:
            body = json.loads(content) if content else None
            status, text = self.stub.answer(self.command, self.path, body)
        self.say(status, text)

    do_POST = do_PUT = do_DELETE = do_GET

    def say(self, status: int, text: str, kind: str = "text/plain", **headers: str) -> None:
        content = text.encode()
        self.send_response(status)
        for name, value in {**headers, "Content-Type": kind}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def json(self) -> Any:
        return json.loads(self.swallow())

    def swallow(self) -> bytes:
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def hang(self) -> None:
        """Until the other side has had enough, or the test is over."""
        self.stub.closing.wait(30)
        self.close_connection = True

    def cut(self, after: int = 0) -> None:
        """End the connection after so many bytes of what comes."""
        self.rfile.read(after)
        self.close_connection = True
        self.connection.close()


def fault(call: str, play: Callable[[Handler], Any], times: int = 1_000) -> Callable[..., bool]:
    """Play it for calls that match, so many times."""
    left = [times]

    def answer(handler: Handler) -> bool:
        if not left[0] or not re.fullmatch(call, handler.call):
            return False
        left[0] -= 1
        play(handler)
        return True

    return answer


def saying(status: int, text: str, kind: str = "text/plain", **headers: str) -> Callable[..., None]:
    """Read what comes, and answer so."""

    def play(handler: Handler) -> None:
        handler.swallow()
        handler.say(status, text, kind, **headers)

    return play


def _recorded(version: str) -> dict[tuple[str, str, int], str]:
    found: dict[tuple[str, str, int], str] = {}
    file = TRANSCRIPTS / f"rest-{version}.jsonl"
    for line in file.read_text("utf-8").splitlines():
        call = json.loads(line)
        found.setdefault((call["method"], call["path"], call["status"]), call["response"])
    return found


def _error(message: str) -> Answer:
    return 400, json.dumps({"error": 1000, "message": message}) + "\n"


def _file(form: bytes) -> tuple[str, bytes]:
    head, _, rest = form.partition(b"\r\n\r\n")
    boundary = head.split(b"\r\n", 1)[0]
    name = re.search(rb'filename="(.*?)"', head)
    assert name is not None
    assert b'name="uploadFile"' in head
    return name[1].decode(), rest.rpartition(b"\r\n" + boundary)[0]
