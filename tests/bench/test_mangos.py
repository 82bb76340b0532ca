"""The bench under a host on mangos, where Go is."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from ..interop.build import NotBuiltError, build_mangos
from .mangos import MangosHost, mangos_measures
from .results import Place, Results
from .sessions import Bench, Session
from .settings import SETTINGS
from .subjects import make_subjects
from .test_bench import TINY

MEASURES = {measure.key: measure for measure in mangos_measures(TINY)}


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    """The host, and the plugins that run under it."""
    build = tmp_path_factory.mktemp("build")
    try:
        build_mangos(build)
    except NotBuiltError as error:
        pytest.skip(f"no mangos: {error}")
    with MangosHost(uuid.uuid4().hex[:6], build) as host:
        yield Session(host, TINY)


@pytest.mark.parametrize("kind", ["stdlib", "official", "limit"])
@pytest.mark.parametrize("key", MEASURES)
def test_every_measure_has_figures(session: Session, tmp_path: Path, kind: str, key: str) -> None:
    """A rate, the time that both computed, and how long a call took."""
    subject = make_subjects([kind], tmp_path)[kind]
    if subject.missing:
        pytest.skip(subject.missing)

    figures = session.attempt(subject, MEASURES[key])

    assert 0 < figures["rate"] < 1e9
    assert figures["host_cpu"] >= 0
    assert figures["plugin_cpu"] >= 0
    if key == "function":
        assert 0 < figures["p50"] <= figures["p99"] < 1e6


def test_a_host_that_cannot_be_built_is_told_in_its_rows(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Without Go there is no such host; the rest is measured."""
    monkeypatch.setenv("PATH", str(tmp_path))
    results = Results()

    Bench({}, TINY, results).running(
        "mangos", lambda: MangosHost("m", tmp_path), SETTINGS["one"], list(MEASURES.values())
    )

    for subject in ("ours", "official"):
        reason = results.reason(Place("mangos", "one", "source"), subject)
        assert reason == "no mangos: Go is not installed"
