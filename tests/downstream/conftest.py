"""The official package and this one, each running the same plugin, side by side."""

import sys
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from .difference import Difference, plugin_of
from .installed import PLUGINS, Installed, Sdk
from .rig import Rig
from .side_environment import OFFICIAL, UnavailableError, official_python

HOSTS = ("nng", "embedded")

SLOW_AT_ONCE = 6

EXAMPLE = Path(__file__).parents[2] / "example"

# The mirror has its names in one line, which is all that differs in the copy that runs.
MIRROR = {
    'PluginConfig("mirror", {"settings": Settings}, {"lines": Lines}, {"echo": Echo})': (
        'PluginConfig("mirror_MARK", {"settings_MARK": Settings}, {"lines_MARK": Lines}, '
        '{"echo_MARK": Echo})'
    )
}


class Pair(NamedTuple):
    """The same plugin on both packages, or what both did."""

    official: Any
    ours: Any


@pytest.fixture(scope="session")
def sdks(pytestconfig: pytest.Config) -> Pair:
    """Both packages, the official one in its side environment."""
    pytest.importorskip("pynng", reason="the downstream lane needs pynng: pip install pynng")
    try:
        python = official_python(pytestconfig.rootpath / ".venv-official")
    except UnavailableError as error:
        pytest.skip(f"cannot have {OFFICIAL} on this Python: {error}")
    return Pair(
        Sdk("official", python, confined=False, env={"PYTHONPATH": ""}),
        Sdk("ours", Path(sys.executable), confined=True),
    )


Work = Callable[[Any], Any]


def both_at_once(work: Work, pair: Pair) -> Pair:
    """Does the same with both of a pair, at the same time."""
    with ThreadPoolExecutor(2, "side") as threads:
        official, ours = threads.submit(work, pair.official), threads.submit(work, pair.ours)
        return Pair(official.result(), ours.result())


@pytest.fixture(scope="session")
def both() -> Callable[[Work, Pair], Pair]:
    return both_at_once


class Rigs:
    """Starts plugins on both packages, and ends them."""

    def __init__(self, sdks: Pair, stack: ExitStack) -> None:
        self._sdks = sdks
        self._stack = stack
        self._started: dict[tuple[Path, str], Pair] = {}

    def shared(self, plugin: Path, host: str) -> Pair:
        """The plugin under that host, started when it is first asked for."""
        if (plugin, host) not in self._started:
            self._started[plugin, host] = self.fresh(plugin, host)
        pair = self._started[plugin, host]
        for rig in pair:
            rig.plugin.journal.clear()
        return pair

    def fresh(self, plugin: Path, host: str, **options: Any) -> Pair:
        """The plugin started anew, for what does not leave it as it was."""

        def start(sdk: Sdk) -> Rig:
            return start_rig(self._stack, sdk, plugin, host, **options)

        return both_at_once(start, self._sdks)


def start_rig(stack: ExitStack, sdk: Sdk, plugin: Path, host: str, **options: Any) -> Rig:
    """The plugin on one package under one host, until `stack` is unwound."""
    lines = MIRROR if plugin.stem == "mirror" else None
    installed = stack.enter_context(Installed(sdk, plugin, lines, options.pop("env", {})))
    kind: Any
    if host == "nng":
        from .nng_host import NngHost as kind  # pynng is not everywhere
    else:
        from .embedded_host import EmbeddedHost as kind
    rig: Rig = stack.enter_context(kind(installed, **options))
    return rig


@pytest.fixture(scope="session")
def rigs(sdks: Pair) -> Iterator[Rigs]:
    """Plugins that tests share."""
    with ExitStack() as stack:
        yield Rigs(sdks, stack)


class Outcomes:
    """What both packages do in a `Difference`; the slow ones are begun with the first of them."""

    def __init__(self, sdks: Pair, rigs: Rigs, threads: ThreadPoolExecutor) -> None:
        self._sdks = sdks
        self._rigs = rigs
        self._threads = threads
        self._begun: dict[tuple[str, str], Future[Pair]] = {}

    def begin(self, difference: Difference, host: str) -> None:
        """Run it in the background."""
        running = self._threads.submit(self._alone, difference, host)
        self._begun[difference.defect, host] = running

    def of(self, difference: Difference, host: str) -> Pair:
        begun = self._begun.get((difference.defect, host))
        if begun is not None:
            return begun.result()
        if difference.fresh:
            return self._alone(difference, host)
        return both_at_once(difference.run, self._rigs.shared(plugin_of(difference), host))

    def _alone(self, difference: Difference, host: str) -> Pair:
        if difference.bare:
            return both_at_once(difference.run, self._sdks)
        with ExitStack() as stack:
            rigs = Rigs(self._sdks, stack)
            pair = rigs.fresh(plugin_of(difference), host, **difference.options)
            return both_at_once(difference.run, pair)


@pytest.fixture(scope="session")
def outcomes(sdks: Pair, rigs: Rigs, request: pytest.FixtureRequest) -> Iterator[Outcomes]:
    with ThreadPoolExecutor(SLOW_AT_ONCE, "slow") as threads:
        outcomes = Outcomes(sdks, rigs, threads)
        for item in request.session.items:
            chosen = getattr(item, "callspec", None)
            difference = chosen.params.get("difference") if chosen else None
            if difference is not None and difference.slow:
                outcomes.begin(difference, chosen.params["host"])
        yield outcomes


@pytest.fixture(params=HOSTS)
def host(request: pytest.FixtureRequest) -> str:
    """Which host plays eKuiper."""
    return str(request.param)


@pytest.fixture
def plain(rigs: Rigs, host: str) -> Pair:
    """`plugins/plain.py` on both packages."""
    return rigs.shared(PLUGINS / "plain.py", host)


@pytest.fixture
def mirror(rigs: Rigs, host: str) -> Pair:
    """`example/mirror` on both packages."""
    return rigs.shared(EXAMPLE / "mirror" / "mirror.py", host)
