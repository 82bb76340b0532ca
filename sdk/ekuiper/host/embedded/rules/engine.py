"""Rule files at work: plans them, opens their actions and sources, and runs them."""

import time
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace
from functools import partial
from types import TracebackType
from typing import Any, Literal, TypeVar

from ....errors import EkuiperError, HostError
from ....protocol.messages import SourceError
from ..host import Host
from .actions import open_action
from .bus import Bus
from .checks import Checks, blaming
from .confkeys import source_config
from .errors import RuleError, nearest
from .feeds import Feed, GivenFeed, MemoryFeed, SourceFeed
from .folder import Folder
from .library import Library, Unasked
from .plan import Plan, check, plan
from .rulefiles import RuleFile
from .running import RunningRule
from .streams import Stream

__all__ = ["Rules"]

Rows = Iterable[Mapping[str, Any] | SourceError]
T = TypeVar("T")


class Rules:
    """The rules of a folder on a host's plugin; those with `triggered: false` only where named.

    `rows` gives the rows of streams by their names, in place of their sources; `config` has more
    settings of sources and sinks, by their types; `host` may be None where no plugin is needed.
    `only` names the rules to run. `limit` ends each rule after so many rows came out of it.
    `on_rows` gets a rule's id and the rows that came out, on that rule's thread, and `on_log` what
    a log action logs. `confirm` asks the plugin's sinks for acks, see `Outlet`.

    A context manager: entering starts the rules, leaving stops them.
    """

    def __init__(
        self,
        host: Host | None,
        folder: Folder,
        *,
        rows: Mapping[str, Rows] | None = None,
        config: Mapping[str, Mapping[str, Any]] | None = None,
        only: Collection[str] = (),
        limit: int | None = None,
        on_rows: Callable[[str, list[dict[str, Any]]], None] | None = None,
        on_log: Callable[[str, str], None] | None = None,
        keep: int = 10_000,
        confirm: bool = True,
    ) -> None:
        self._host = host
        self._folder = folder
        self._rows = rows or {}
        self._config = config or {}
        self._files = [_configured(rule, self._config) for rule in _chosen(folder, only)]
        self._limit = limit
        self._on_rows = on_rows
        self._on_log = on_log
        self._keep = keep
        self._confirm = confirm
        self._bus = Bus()
        self._feeds: list[Feed] = []
        self._stopped = False
        self.running: list[RunningRule] = []
        """The rules, once they have started, in the order of their files."""

    def check(self) -> None:
        """Look at what can be told before the plugin runs. Raises `RuleError` like `start`."""
        library = Unasked(self._host)
        streams = self._folder.streams
        _of_all(
            self._files,
            lambda rule: self._judge(rule, check(rule.script, streams=streams, library=library)),
        )

    def start(self) -> "Rules":
        """Plan all rules, then open their actions, then their sources.

        Raises `RuleError`, a `StatementError` among them, for all rules that cannot be planned;
        nothing runs then. Raises `HostError` for a symbol that does not start.
        """
        planned = self._planned()
        try:
            self.running = [self._running(rule, made) for rule, made in planned]
            for running in self.running:
                with blaming(running.rule):
                    self._open(running)
            for running in self.running:
                running.start()
            arranged = self._arranged()
            self._feeds = [feed for feed, _ in arranged]
            for feed, takers in arranged:
                with blaming(takers[0].rule):
                    feed.start(takers)
        except BaseException:
            self.stop()
            raise
        return self

    def rule(self, name: str) -> RunningRule:
        """The running rule of that id. Raises `HostError` where there is none."""
        for running in self.running:
            if running.rule.id == name:
                return running
        ids = [running.rule.id for running in self.running]
        raise HostError(f"no rule {name!r} runs; {nearest(name, ids, 'rules')}")

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until all rules have ended; returns whether they have."""
        deadline = None if timeout is None else time.monotonic() + timeout
        for running in self.running:
            left = None if deadline is None else max(0.0, deadline - time.monotonic())
            if not running.wait(left):
                return False
        return True

    def stop(self) -> None:
        """Stop sources, rules and actions, in this order. Idempotent; what the plugin does not
        agree to shows in the rules' counters."""
        if self._stopped:
            return
        self._stopped = True
        for feed in self._feeds:
            try:
                feed.stop()
            except EkuiperError as error:
                for running in self.running[:1]:
                    running.counters.faults.add("stop of a source", str(error))
        for running in self.running:
            running.stop()

    def __enter__(self) -> "Rules":
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> Literal[False]:
        self.stop()
        return False

    def _planned(self) -> list[tuple[RuleFile, Plan]]:
        library = Library(self._host)

        def planned(rule: RuleFile) -> tuple[RuleFile, Plan]:
            made = plan(
                rule.script,
                rule=rule.id,
                streams=self._folder.streams,
                library=library,
                send_nil=rule.options.send_nil,
            )
            self._judge(rule, made.stream)
            return rule, made

        return _of_all(self._files, planned)

    def _judge(self, rule: RuleFile, stream: Stream) -> None:
        Checks(self._host, self._files, self._rows).rule(rule, stream)
        if stream.name not in self._rows and stream.type != "memory":
            self._settings(stream)

    def _running(self, rule: RuleFile, made: Plan) -> RunningRule:
        given = made.stream.name in self._rows
        return RunningRule(
            rule,
            made,
            discard=rule.options.discard_when_full and not given,
            limit=self._limit,
            on_rows=partial(self._on_rows, rule.id) if self._on_rows is not None else None,
            keep=self._keep,
        )

    def _open(self, running: RunningRule) -> None:
        for action in running.rule.actions:
            target = open_action(
                action,
                running.rule,
                host=self._host,
                bus=self._bus,
                on_log=self._on_log,
                confirm=self._confirm,
                fault=partial(running.counters.faults.add, f"sink {action.type}"),
            )
            running.targets.append(target)

    def _arranged(self) -> list[tuple[Feed, list[RunningRule]]]:
        """One feed for each rule, but one for all rules of a stream that is shared, or given."""
        found: list[tuple[Feed, list[RunningRule]]] = []
        shared: dict[str, list[RunningRule]] = {}
        for running in self.running:
            stream = running.plan.stream
            if not (stream.shared or stream.name in self._rows):
                found.append((self._feed(stream, running.rule.id), [running]))
            elif stream.name in shared:
                shared[stream.name].append(running)
            else:
                shared[stream.name] = [running]
                found.append((self._feed(stream, running.rule.id), shared[stream.name]))
        # Topics first, before any rule can publish.
        return sorted(found, key=lambda each: not isinstance(each[0], MemoryFeed))

    def _feed(self, stream: Stream, rule: str) -> Feed:
        columns = stream.columns
        if stream.name in self._rows:
            return GivenFeed(stream.name, self._rows[stream.name], columns)
        datasource = stream.options.get("DATASOURCE", "")
        if stream.type == "memory":
            return MemoryFeed(datasource, self._bus)
        assert self._host is not None
        open_source = partial(
            self._host.source,
            stream.type,
            rule=rule,
            stream=stream.name,
            datasource=datasource,
            config=self._settings(stream),
            shared=stream.shared,
        )
        return SourceFeed(stream.type, open_source, columns if stream.strict else None)

    def _settings(self, stream: Stream) -> dict[str, Any]:
        assert self._host is not None
        settings = self._host.settings
        found = source_config(
            self._folder.path,
            stream,
            lower=settings.lowers_config,
            said=self._host.source_settings.get(stream.type, ()),
        )
        options = {
            "delimiter": stream.options.get("DELIMITER", ""),
            "format": stream.options.get("FORMAT", "json").lower(),
            "key": stream.options.get("KEY", ""),
            "retainSize": int(stream.options.get("RETAIN_SIZE", "0")),
            "strictValidation": stream.strict,
            "timestamp": stream.options.get("TIMESTAMP", ""),
            "timestampFormat": stream.options.get("TIMESTAMP_FORMAT", ""),
        }
        added = {key: value for key, value in options.items() if key in settings.source_config}
        return {**found, **added, **self._config.get(stream.type, {})}


def _of_all(rules: Iterable[RuleFile], make: Callable[[RuleFile], T]) -> list[T]:
    """What is made of each; raises all that is wrong with any of them at once."""
    found, errors = [], []
    for rule in rules:
        try:
            found.append(make(rule))
        except RuleError as error:
            errors.append(error)
    if len(errors) == 1:
        raise errors[0]
    if errors:
        listed = "\n".join(map(str, errors))
        raise RuleError("", f"{len(errors)} rules cannot run\n{listed}")
    return found


def _chosen(folder: Folder, only: Collection[str]) -> list[RuleFile]:
    ids = [rule.id for rule in folder.rules]
    for name in only:
        if name not in ids:
            raise RuleError(str(folder.path), f"no rule {name!r}; {nearest(name, ids, 'rules')}")
    if only:
        return [rule for rule in folder.rules if rule.id in only]
    return [rule for rule in folder.rules if rule.triggered]


def _configured(rule: RuleFile, config: Mapping[str, Mapping[str, Any]]) -> RuleFile:
    """The rule with more properties of its actions."""
    actions = [
        each._replace(properties={**each.properties, **config.get(each.type, {})})
        for each in rule.actions
    ]
    return replace(rule, actions=actions)
