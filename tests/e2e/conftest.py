"""A real kuiperd, named by KUIPERD, with the test plugin on it."""

import os
import string
import uuid
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from .kuiperd import Kuiperd
from .receiver import Receiver
from .site import Site

_VARIABLE = "KUIPERD"
_SITE = pytest.StashKey[Site]()
_LINES_SHOWN = 40  # of kuiperd's log, below a failure

NewKuiperd = Callable[..., Kuiperd]


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Without a kuiperd the tests that need one are skipped, all for one printed reason."""
    needed = "kuiperd_binary" in getattr(item, "fixturenames", ())
    if needed and not os.environ.get(_VARIABLE):
        pytest.skip(f"needs a real eKuiper: {_VARIABLE}=/path/to/bin/kuiperd make test-host")


@pytest.fixture(scope="session")
def kuiperd_binary() -> Path:
    """The kuiperd to test against."""
    named = os.environ[_VARIABLE]
    binary = Path(named).resolve()
    if not os.access(binary, os.X_OK) or not (binary.parent.parent / "etc").is_dir():
        pytest.fail(f"{_VARIABLE}={named}: not a kuiperd with its etc folder beside bin")
    return binary


@pytest.fixture(scope="session")
def mark() -> str:
    """In every name that this run makes up, so that runs side by side do not meet. Short: a shared
    stream's socket has it in its name four times, and a path has at most 107 bytes."""
    return uuid.uuid4().hex[:6]


@pytest.fixture(scope="session")
def receiver() -> Iterator[Receiver]:
    with Receiver() as running:
        yield running


@pytest.fixture(scope="session")
def new_kuiperd(kuiperd_binary: Path, mark: str) -> NewKuiperd:
    """Makes one more kuiperd, with these settings."""
    letters = iter(string.ascii_letters)

    def make(**settings: Any) -> Kuiperd:
        return Kuiperd(kuiperd_binary, mark + next(letters), **settings)

    return make


@pytest.fixture(scope="session")
def kuiperd_with(new_kuiperd: NewKuiperd) -> Iterator[Callable[[str], Kuiperd]]:
    """The kuiperd that all tests share, whose plugins use the transport named."""
    running: dict[str, Kuiperd] = {}
    with ExitStack() as stack:

        def get(transport: str) -> Kuiperd:
            if transport not in running:
                host = new_kuiperd(env={"EKUIPER_TRANSPORT": transport})
                running[transport] = stack.enter_context(host)
            return running[transport]

        yield get


@pytest.fixture
def transport(request: pytest.FixtureRequest) -> str:
    """What carries the plugin's bytes; parametrised by the tests that run on both."""
    return getattr(request, "param", "ipc")


@pytest.fixture
def kuiperd(kuiperd_with: Callable[[str], Kuiperd], transport: str) -> Kuiperd:
    return kuiperd_with(transport)


@pytest.fixture
def site(
    kuiperd: Kuiperd, receiver: Receiver, tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[Site]:
    """The test plugin, installed for one test."""
    site = request.node.stash[_SITE] = Site(kuiperd, kuiperd.new_mark(), receiver, tmp_path)
    try:
        site.install()
        yield site
    finally:
        site.close()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show with a failure what kuiperd and the plugin had to say."""
    report = yield
    site = item.stash.get(_SITE, None)
    if report.failed and site is not None:
        noise = ("level=info", "source json file", "sink json file", "schema directory")
        lines = site.host.log().splitlines()
        told = [line for line in lines if not any(words in line for words in noise)]
        report.sections.append(("kuiperd's log", "\n".join(told[-_LINES_SHOWN:])))
    return report
