"""What `ekuiper check` says of plugins is what a real eKuiper makes of them."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from ekuiper.bundle.checks import check_archive
from ekuiper.cli.shared.checking import checked, target_of
from ekuiper.errors import RestError

from ..bundle.checks.broken import BROKEN, Broken
from ..bundle.checks.drafts import Draft
from ..bundle.checks.good import GOOD, Good
from .conftest import NewKuiperd
from .kuiperd import Kuiperd
from .polling import eventually

TRIED = [each for each in BROKEN if "zip" in each.kinds and (each.refused or each.useless)]
INIT_TIMEOUT = 3  # seconds; a good one needs a tenth of that


@pytest.fixture(scope="module")
def host(new_kuiperd: NewKuiperd) -> Iterator[Kuiperd]:
    with new_kuiperd(init_timeout=INIT_TIMEOUT) as running:
        yield running


class Trial:
    """One plugin tried on a host, and removed again."""

    def __init__(self, host: Kuiperd, draft: Draft) -> None:
        self._rest = host.rest
        self._draft = draft
        self._made: list[str] = []

    def install(self, path: Path) -> None:
        """Raises `RestError`."""
        body = {"name": self._draft.name, "file": self._rest.upload(path)}
        self._rest.post("/plugins/portables", body)
        self._made.append(f"/plugins/portables/{quote(self._draft.name)}")

    def call(self) -> None:
        """Let a rule call its function, which eKuiper asks whether it may. Raises `RestError`."""
        stream = f"st{self._draft.mark}"
        self._make_stream(stream, "memory")
        self._make_rule(f"r{self._draft.mark}", f"SELECT {self._draft.function}(a) FROM {stream}")

    def rows(self, timeout: float = 10.0) -> None:
        """Wait for a row of its source. Raises `RestError`, and `AssertionError`."""
        stream, rule = f"sq{self._draft.mark}", f"q{self._draft.mark}"
        self._make_stream(stream, self._draft.source)
        self._make_rule(rule, f"SELECT * FROM {stream}")

        def received() -> bool:
            status = self._rest.get(f"/rules/{rule}/status")
            counts = [
                value
                for key, value in status.items()
                if key.startswith("source_") and key.endswith("_records_in_total")
            ]
            return any(counts)

        eventually(received, "a row of the source", timeout)

    def close(self) -> None:
        for path in reversed(self._made):
            self._rest.delete(path)

    def _make_stream(self, name: str, kind: str) -> None:
        sql = f'CREATE STREAM {name} () WITH (DATASOURCE="x", TYPE="{kind}", FORMAT="json")'
        self._rest.post("/streams", {"sql": sql})
        self._made.append(f"/streams/{name}")

    def _make_rule(self, name: str, sql: str) -> None:
        rule: dict[str, Any] = {"id": name, "sql": sql, "actions": [{"nop": {}}]}
        self._rest.post("/rules", rule)
        self._made.append(f"/rules/{name}")


@pytest.mark.parametrize("good", GOOD, ids=lambda good: good.name)
def test_what_has_no_error_is_installed_and_works(
    host: Kuiperd, good: Good, tmp_path: Path
) -> None:
    """eKuiper takes it, its function can be called, and its source gives rows."""
    draft, path = good.build(tmp_path, host.new_mark())
    assert check_archive(path).errors == 0

    trial = Trial(host, draft)
    try:
        trial.install(path)
        trial.call()
        trial.rows()
    finally:
        trial.close()


@pytest.mark.parametrize("broken", TRIED, ids=lambda broken: broken.name)
def test_what_is_found_is_true(host: Kuiperd, broken: Broken, tmp_path: Path) -> None:
    """eKuiper refuses it, or what is wrong cannot be used, from the version on that is told."""
    draft, path = broken.build(tmp_path, "zip", host.new_mark())
    (found, *_) = [each for each in check_archive(path).findings if each.id == broken.finding]

    trial = Trial(host, draft)
    try:
        if broken.refused and host.version[:2] >= broken.refused:
            with pytest.raises(RestError):
                trial.install(path)
            return
        trial.install(path)
        if not found.hosts.include(host.version[:2]):
            return
        if broken.useless == "function":
            with pytest.raises(RestError):
                trial.call()
        elif broken.useless == "source":
            with pytest.raises(AssertionError):
                trial.rows(timeout=2.0)
    finally:
        trial.close()


def test_a_target_is_asked(host: Kuiperd, tmp_path: Path) -> None:
    """Its version, its own functions, and the symbols of its plugins; on an empty host all is well,
    then the names of another plugin are taken."""
    other, ours = Draft(host.new_mark()), Draft(host.new_mark())
    ours.function = other.function
    ours.manifest["functions"] = [ours.function]
    ours.files["main.py"] = ours.code()
    path = ours.zip(tmp_path)
    target = target_of(host.rest)
    before = checked(path, targets=[target])

    assert target.version == str(host.version)
    assert {"abs", "avg", "count"} <= target.names.functions
    assert other.function not in target.names.functions
    assert before.errors == 0

    trial = Trial(host, other)
    try:
        trial.install(other.zip(tmp_path))
        after = checked(path, targets=[target_of(host.rest)])
    finally:
        trial.close()

    errors = [each for each in after.findings if each.severity == "error"]
    assert [each.id for each in errors] == ["symbol-taken"]
    assert repr(other.function) in errors[0].reason
    assert repr(other.name) in errors[0].reason


def test_findings_of_other_versions_are_left_out(host: Kuiperd, tmp_path: Path) -> None:
    """What only 2.4 refuses is no error for another one."""
    draft = Draft(host.new_mark())
    draft.files["lib/deep/data.txt"] = "x"
    found = checked(draft.zip(tmp_path), targets=[target_of(host.rest)])

    assert found.errors == (1 if host.version >= (2, 4) else 0)
