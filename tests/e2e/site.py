"""One plugin on a real eKuiper, and the streams and rules of the tests around it."""

import itertools
import os
import runpy
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import requests

from .archive import write_archive
from .kuiperd import Kuiperd, parent_of
from .polling import eventually
from .receiver import Receiver
from .rest import Rest

__all__ = ["Question", "Rule", "Site", "line_of"]

_PLUGIN = Path(__file__).parent.parent / "plugins" / "hosted" / "plugin.py"

_AGAIN = 2.0  # seconds

_SOURCE = {
    "default": {"count": 3},
    "tell": {"count": 0, "then": "tell", "stopAt": 7},
    "raise": {"count": 1, "then": "raise"},
    "return": {"count": 1, "then": "return"},
    "error": {"count": 1, "then": "error"},
    "ticking": {"count": 1, "then": "tick"},
    "refuse": {"refuse": "no such sensor"},
    "many": {"count": 100_000},
}


class Site:
    """The plugin `probe_<mark>` on `host`. All names carry the mark; `close` removes all of it."""

    def __init__(self, host: Kuiperd, mark: str, receiver: Receiver, folder: Path) -> None:
        self.host = host
        self.version = host.version
        self.mark = mark
        self.plugin = self.name("probe")
        self.folder = folder
        self._receiver = receiver
        self._numbers = itertools.count(1)
        self._rules: list[Rule] = []
        self._streams: list[str] = []
        self._session = requests.Session()
        self._session.trust_env = False  # no proxy stands between us and the loopback

    @property
    def rest(self) -> Rest:
        return self.host.rest

    def name(self, word: str) -> str:
        """The name of a symbol of this plugin, or a new one for anything else."""
        return f"{word}_{self.mark}"

    def install(self) -> None:
        self.rest.post("/plugins/portables", self._archive("first edition"))

    def update(self, edition: str) -> None:
        """Replace the running plugin by the same with another edition text."""
        old = set(self.pids())
        for _ in range(5 if self.version.mistakes_the_dead else 1):
            self.rest.put(f"/plugins/portables/{self.plugin}", self._archive(edition))
            try:
                eventually(lambda: set(self.pids()) - old, "a new process", timeout=5.0)
                return
            except AssertionError:
                continue  # the host's mistake: update again
        raise AssertionError("the host has not started the updated plugin")

    def uninstall(self) -> None:
        self.rest.delete(f"/plugins/portables/{self.plugin}")

    def kill(self) -> None:
        """Kill the plugin's process, and return when the host knows."""
        pid = self.pid()
        os.kill(pid, signal.SIGKILL)
        self.host.await_log(f"/{self.plugin}/", "signal: killed")
        eventually(lambda: not self.pids(), "the killed process is gone")

    def close(self) -> None:
        self._session.close()
        if not self.host.running:
            return
        for rule in list(self._rules):
            rule.delete()
        for stream in self._streams:
            self.rest.delete(f"/streams/{stream}")
        if any(one["name"] == self.plugin for one in self.rest.get("/plugins/portables") or []):
            self.uninstall()

    def pids(self) -> list[int]:
        """The processes of this plugin."""
        return self.host.plugin_pids(self.plugin)

    def pid(self) -> int:
        """The process that the host started; others are its descendants."""
        pids = self.pids()
        (pid,) = (pid for pid in pids if parent_of(pid) not in pids)
        return pid

    def stream(self, kind: str, **properties: str) -> str:
        """Create a stream of this type; returns its name."""
        name = self.name(f"s{next(self._numbers)}")
        given = {"TYPE": kind, "FORMAT": "json", **properties}
        listed = ", ".join(f'{key}="{value}"' for key, value in given.items())
        self.rest.post("/streams", {"sql": f"CREATE STREAM {name} () WITH ({listed})"})
        self._streams.append(name)
        return name

    def feed(self) -> "Feed":
        """A new stream into which the test puts rows."""
        path = "/" + self.name(f"feed{next(self._numbers)}")
        stream = self.stream("httppush", DATASOURCE=path)
        return Feed(stream, self._session, self.host.data_port, path)

    def rule(
        self,
        sql: str,
        *actions: dict[str, Any],
        options: dict[str, Any] | None = None,
        results: bool = False,
        word: str = "r",
    ) -> "Rule":
        """Create and start a rule; without actions, or with `results`, its results come to
        `Rule.results`."""
        rule = Rule(self, self.name(f"{word}{next(self._numbers)}"), self._receiver)
        kept = [self._receiver.action(rule.id)] if results or not actions else []
        rule.create(sql, [*actions, *kept], options or {})
        self._rules.append(rule)
        return rule

    def rules(self) -> list["Rule"]:
        """The rules that were created and not deleted."""
        return list(self._rules)

    def ask(self, expression: str, **row: Any) -> Any:
        """What `expression` comes to for a row, in a rule of its own."""
        with Question(self, expression) as question:
            return question.ask(**row)

    def forget(self, rule: "Rule") -> None:
        """The rule is gone: `close` need not delete it."""
        self._rules.remove(rule)

    def _archive(self, edition: str) -> dict[str, str]:
        archive = write_archive(
            self.folder / f"{self.plugin}.zip",
            self._manifest(),
            {"plugin.py": _PLUGIN.read_text("utf-8"), "edition": edition},
            {self.name("rows"): _SOURCE},
        )
        return {"name": self.plugin, "file": self.rest.upload(archive)}

    def _manifest(self) -> dict[str, Any]:
        config = runpy.run_path(str(_PLUGIN))["config"](self.plugin)
        return {
            "name": self.plugin,
            "version": "1.0.0",
            "language": "python",
            "executable": "plugin.py",
            "sources": list(config.sources),
            "sinks": list(config.sinks),
            "functions": list(config.functions),
        }


class Feed:
    """A stream whose rows a test posts."""

    def __init__(self, stream: str, session: requests.Session, port: int, path: str) -> None:
        self.stream = stream
        self._session = session
        self._url = f"http://127.0.0.1:{port}{path}"

    def push(self, **row: Any) -> None:
        """Put one row in; a rule that reads the stream must run, or be about to."""
        eventually(lambda: self._accepted(row), "the host takes a row")

    def _accepted(self, row: dict[str, Any]) -> bool:
        try:
            return self._session.post(self._url, json=row, timeout=10).ok
        except requests.ConnectionError:
            return False  # the host listens from the first rule on


class Rule:
    """A rule of a site."""

    def __init__(self, site: Site, id: str, receiver: Receiver) -> None:
        self.id = id
        self._site = site
        self._path = f"/rules/{quote(id, safe='')}"
        self._receiver = receiver

    def create(self, sql: str, actions: list[dict[str, Any]], options: dict[str, Any]) -> None:
        self._site.rest.post(
            "/rules", {"id": self.id, "sql": sql, "actions": actions, "options": options}
        )

    def start(self) -> None:
        self._site.rest.post(f"{self._path}/start")

    def stop(self) -> None:
        self._site.rest.post(f"{self._path}/stop")

    def restart(self) -> None:
        self._site.rest.post(f"{self._path}/restart")

    def delete(self) -> None:
        self._site.rest.delete(self._path)
        self._site.forget(self)

    def status(self) -> dict[str, Any]:
        found: dict[str, Any] = self._site.rest.get(f"{self._path}/status")
        return found

    def errors(self) -> str:
        """Every error text in the rule's status."""
        return "\n".join(
            str(value)
            for key, value in self.status().items()
            if key == "message" or key.endswith(("last_exception", "disconnected_message"))
        )

    def count(self, node: str, metric: str) -> int:
        """The sum of a metric over the nodes whose names begin so."""
        return sum(
            value
            for key, value in self.status().items()
            if key.startswith(node) and key.endswith(metric)
        )

    def failure(self) -> str:
        """What ended the rule: as its status tells, or, where that is silent, the log."""
        eventually(lambda: self.status()["status"].startswith("stopped"), "the rule has ended")
        if self._site.version.tells_failures:
            return str(self.status()["message"])
        return self._site.host.await_log("closing Rule for error", self.id)

    def results(self, count: int = 0, timeout: float = 10.0) -> list[Any]:
        """The results so far, as soon as there are `count`."""
        return self.find(lambda results: len(results) >= count and [*results, None], timeout)[:-1]

    def find(self, look: Callable[[list[Any]], Any], timeout: float = 10.0) -> Any:
        """What `look` makes of the results, as soon as that is true."""
        return eventually(
            lambda: look(self._receiver.results(self.id)), f"results of rule {self.id}", timeout
        )


class Question:
    """A rule `SELECT n, <expression> AS r`, to ask about one row after the other."""

    def __init__(self, site: Site, expression: str) -> None:
        self._feed = site.feed()
        self.push = self._feed.push
        self._numbers = itertools.count(1)
        self.rule = site.rule(
            f"SELECT n, {expression} AS r FROM {self._feed.stream}", options={"sendError": True}
        )

    def __enter__(self) -> "Question":
        return self

    def __exit__(self, *exception: object) -> None:
        self.rule.delete()

    def ask(self, *, timeout: float = 10.0, **row: Any) -> Any:
        """The answer for this row, and for no other.

        Put in again every other second: a rule that is only starting misses rows.
        """
        number = next(self._numbers)
        deadline = time.monotonic() + timeout
        while True:
            self._feed.push(n=number, **row)
            left = deadline - time.monotonic()
            try:
                answer = self.rule.find(
                    lambda results: [one for one in results if one.get("n") == number],
                    min(left, _AGAIN),
                )
            except AssertionError:
                if left <= _AGAIN:
                    raise
            else:
                return answer[0].get("r")


def line_of(text: str, nth: int = 1) -> int:
    """The line of the plugin's script that holds this text, the `nth` such line."""
    lines = enumerate(_PLUGIN.read_text("utf-8").splitlines(), 1)
    return [number for number, line in lines if text in line][nth - 1]
