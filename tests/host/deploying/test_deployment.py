"""A deployment leaves a host with the new edition, or as it was, and says which."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ekuiper.bundle.checks import check_archive
from ekuiper.host.deploying import Choices, Deployment, Outcome, Package, Record, Removal, Step
from ekuiper.host.deploying.record import Deployed
from ekuiper.host.rest import Rest

from ..rest.archives import plugin_zip
from ..rest.stub import UPLOADS, Handler, Stub, fault, saying

FULL = '{"error":1000,"message":"write /kuiper/data/uploads/x.zip: no space left on device"}'
TOLD_AGAIN = ("1.14.7", "2.0.8", "2.2.5", "2.4.0")


class Deploying:
    """Brings editions of the plugin `mine` to a stub."""

    def __init__(self, stub: Stub, folder: Path) -> None:
        self.stub = stub
        self.folder = folder
        self.record = Record(folder / "state")
        self.steps: list[Step] = []
        self.stop = threading.Event()

    def package(self, edition: str, *marks: str, **symbols: Any) -> Package:
        symbols = symbols or {"functions": ["first", "second"]}
        path = self.folder / f"{edition}.zip"
        return Package.read(plugin_zip(path, "mine", version=edition, marks=marks, **symbols))

    def __call__(
        self, edition: str, *marks: str, choices: Choices | None = None, **symbols: Any
    ) -> Outcome:
        package = self.package(edition, *marks, **symbols)
        return self.deploy(package, choices or Choices(wait=1.0, settle=0))

    def deploy(self, package: Package, choices: Choices) -> Outcome:
        with Rest(self.stub.url, timeout=1.0) as rest:
            tell = self.steps.append
            return Deployment(rest, package, self.record, choices, tell, self.stop).run()

    def undeploy(self, **given: bool) -> Outcome:
        options = {"force": False, "dry_run": False, **given}
        with Rest(self.stub.url) as rest:
            return Removal(rest, "mine", self.record, self.steps.append, self.stop, **options).run()

    def is_as(self, before: Outcome) -> bool:
        """Whether the host is as after that deployment: plugin, archives, nothing of ours."""
        there = self.stub.installed["mine"].url == before.now
        files = [name for name in self.stub.uploads if f"{UPLOADS}/{name}" in before.now]
        return there and files == list(self.stub.uploads) and self.is_clean()

    def is_empty(self) -> bool:
        return not self.stub.installed and not self.stub.uploads and self.is_clean()

    def is_clean(self) -> bool:
        return not self.stub.streams and not self.stub.rules


@pytest.fixture
def stub() -> Iterator[Stub]:
    with Stub() as running:
        yield running


@pytest.fixture
def deploying(stub: Stub, tmp_path: Path) -> Deploying:
    return Deploying(stub, tmp_path)


@pytest.mark.parametrize("version", TOLD_AGAIN)
def test_editions(version: str, tmp_path: Path) -> None:
    """Installed, updated, unchanged; each function was asked; the last two archives stay."""
    with Stub(version) as stub:
        deploying = Deploying(stub, tmp_path)
        first = deploying("1")
        assert (first.done, first.did, first.host_version) == (True, "installed", version)
        assert first.answers == {"first": "answered", "second": "answered"}
        second, third = deploying("2"), deploying("3")
        assert (second.did, third.did) == ("updated", "updated")
        assert third.before == second.now
        assert sorted(f"file://{UPLOADS}/{name}" for name in stub.uploads) == sorted(
            [second.now, third.now]
        )
        calls = len(stub.asked("PUT"))
        assert deploying("3").did == "unchanged"
        assert len(stub.asked("PUT")) == calls
        assert deploying.is_clean()


@pytest.mark.parametrize("version", TOLD_AGAIN)
@pytest.mark.parametrize("mark", ["dies", "mute"])
def test_an_edition_that_does_not_answer(version: str, mark: str, tmp_path: Path) -> None:
    """It goes, the one before is put back, and that is said."""
    with Stub(version) as stub:
        deploying = Deploying(stub, tmp_path)
        good = deploying("1")
        bad = deploying("2", mark)
        assert (bad.done, bad.did) == (False, "failed")
        assert "process has ended: exit status 1" in bad.reason or "time out" in bad.reason
        assert bad.left.endswith("was put back and answers; the host is as it was")
        assert deploying.is_as(good)


def test_a_refusal_is_an_answer(deploying: Deploying) -> None:
    """A function that takes other arguments than those it was asked with works."""
    done = deploying("1", functions=["refuse"])
    assert done.answers == {"refuse": "answered: refuse takes no arguments"}


def test_a_first_edition_that_dies(deploying: Deploying) -> None:
    """Where nothing was before, nothing is left."""
    assert "mine was removed; the host is as it was" in deploying("1", "dies").left
    assert deploying.is_empty()


def test_the_host_refuses_an_edition(deploying: Deploying, stub: Stub) -> None:
    """A failed PUT leaves no plugin there: the one before is installed again."""
    good = deploying("1")
    refusal = '{"error":1000,"message":"fail to install plugin: missing sources/x.yaml"}'

    def refuse(handler: Handler) -> None:
        stub.installed.clear()
        saying(400, refusal)(handler)

    stub.faults.append(fault("PUT .*", refuse))
    bad = deploying("2")
    assert "fail to install plugin: missing sources/x.yaml" in bad.reason
    assert "was put back and answers" in bad.left
    assert deploying.is_as(good)


def test_the_way_back_is_closed(deploying: Deploying, stub: Stub) -> None:
    """When the host takes neither edition, that is said loudly."""
    deploying("1")
    stub.faults.append(fault("PUT .*", saying(400, "broken")))
    bad = deploying("2")
    assert "could NOT be put back" in bad.left
    assert "broken" in bad.left
    assert bad.now == ""


@pytest.mark.parametrize(
    ("play", "told"),
    [
        (saying(400, FULL), "no space left on device"),
        (lambda handler: handler.cut(10), "the connection broke"),
        (saying(401, '{"message":"no token"}'), "HTTP 401: no token"),
        (saying(200, "<html></html>", "text/html"), "web page"),
        (saying(413, "<html></html>", "text/html"), "web page"),
        (Handler.hang, "no answer within"),
    ],
)
def test_an_upload_that_fails(
    deploying: Deploying, stub: Stub, play: Callable[[Handler], None], told: str
) -> None:
    """The edition before was never touched."""
    good = deploying("1")
    stub.faults.append(fault("POST /config/uploads", play))
    bad = deploying("2")
    assert told in bad.reason
    assert bad.left == "the host is as it was"
    assert deploying.is_as(good)
    assert not stub.asked("PUT")


def test_half_a_file_stays_on_a_full_disk(deploying: Deploying, stub: Stub) -> None:
    """What came of our archive is removed."""
    file = deploying.package("1").file

    def fill(handler: Handler) -> None:
        stub.uploads[file] = b"half"
        saying(400, FULL)(handler)

    stub.faults.append(fault("POST /config/uploads", fill))
    assert "no space left" in deploying("1").reason
    assert deploying.is_empty()


def test_half_a_file_of_before_is_not_installed(deploying: Deploying, stub: Stub) -> None:
    """What has our name and was never seen to work may be half; ours gets another name."""
    file = deploying.package("1").file
    stub.uploads[file] = b"half"
    done = deploying("1")
    assert done.now.endswith("-2.zip")
    assert stub.uploads[done.now.rpartition("/")[2]] != b"half"


def test_back_to_the_edition_before(deploying: Deploying, stub: Stub) -> None:
    """Its archive is there as a whole; it is not uploaded again."""
    deploying("1")
    deploying("2")
    uploaded = len([path for path in stub.asked("POST") if path == "/config/uploads"])
    assert deploying("1").did == "updated"
    assert len([path for path in stub.asked("POST") if path == "/config/uploads"]) == uploaded


def test_no_way_back_is_known(deploying: Deploying, stub: Stub) -> None:
    """A plugin that was put there by hand is not replaced, unless that is wanted."""
    good = deploying("1")
    deploying.record.forget(Rest(stub.url).place, "mine")
    stub.faults.append(fault("GET /data/export", saying(200, '{"portablePlugins":{}}')))
    refused = deploying("2")
    assert "no way back" in refused.reason
    assert "--no-rollback" in refused.reason
    assert deploying.is_as(good)
    done = deploying("2", choices=Choices(rollback=False, settle=0))
    assert done.did == "updated"
    assert any("no way back" in note for note in done.notes)


def test_the_archive_of_before_is_gone(deploying: Deploying, stub: Stub) -> None:
    """Its URL alone is no way back."""
    deploying("1")
    stub.uploads.clear()
    refused = deploying("2")
    assert "is gone" in refused.reason
    assert not stub.asked("PUT")


@pytest.mark.parametrize("url", ["http://shop/uploads/theirs.zip", "file:///mnt/theirs.zip"])
def test_installed_from_elsewhere(
    deploying: Deploying, stub: Stub, tmp_path: Path, url: str
) -> None:
    """From another server, or a folder that is not of the uploads: it is installed from there
    again."""
    theirs = plugin_zip(tmp_path / "x.zip", "mine", functions=["first"])
    stub.uploads["theirs.zip"] = theirs.read_bytes()
    stub.answer("POST", "/plugins/portables", {"name": "mine", "file": url})
    assert "theirs.zip was put back and answers" in deploying("2", "dies").left
    assert stub.installed["mine"].url == url


def test_our_record_where_the_host_has_no_export(deploying: Deploying, stub: Stub) -> None:
    """What was deployed from here is known here."""
    good = deploying("1")
    stub.faults.append(fault("GET /data/export", saying(404, "404 page not found")))
    bad = deploying("2", "dies")
    assert bad.before == good.now
    assert deploying.is_as(good)


def test_somebody_else_deployed_since(deploying: Deploying, stub: Stub, tmp_path: Path) -> None:
    """What is put back is what was there, not what we put there last."""
    deploying("1")
    (tmp_path / "other").mkdir()
    theirs = Deploying(stub, tmp_path / "other")("2")
    deploying("3", "dies")
    assert stub.installed["mine"].url == theirs.now


@pytest.mark.parametrize(
    ("name", "symbols", "told"),
    [
        ("other", {"functions": ["second"]}, "symbol-taken"),
        ("mine", {"functions": ["else"]}, "plugin-taken"),
    ],
)
def test_names_of_others(
    deploying: Deploying, stub: Stub, tmp_path: Path, name: str, symbols: Any, told: str
) -> None:
    """A symbol of another plugin, or a plugin that is another one: refused."""
    path = plugin_zip(tmp_path / "other.zip", name, **symbols)
    stub.uploads["theirs.zip"] = path.read_bytes()
    url = f"file://{UPLOADS}/theirs.zip"
    stub.answer("POST", "/plugins/portables", {"name": name, "file": url})
    before = dict(stub.installed)
    package = deploying.package("1")
    choices = Choices(checked=check_archive(package.path))
    refused = deploying("1", choices=choices)
    assert told in refused.reason
    assert refused.left == "the host is as it was"
    assert stub.installed == before
    assert list(stub.uploads) == ["theirs.zip"]


def test_a_dry_run(deploying: Deploying, stub: Stub) -> None:
    """Everything is looked at, nothing changed."""
    dry = Choices(dry_run=True)
    assert deploying("1", choices=dry).did == "would be installed"
    good = deploying("1")
    assert deploying("1", choices=dry).did == "is there already"
    assert deploying("2", choices=dry).did == "would be updated"
    assert deploying.is_as(good)


def test_a_slow_start(deploying: Deploying, stub: Stub) -> None:
    """A plugin that is still starting is waited for; the host tells how it is."""
    slow = saying(200, '{"status":"initializing","errMsg":"","refCount":{}}')
    stub.faults.append(fault("GET .*/status", slow, times=2))
    assert deploying("1", choices=Choices(wait=10, settle=0)).did == "installed"
    assert any("initializing" in step.text for step in deploying.steps)


def test_too_slow_a_start(deploying: Deploying, stub: Stub) -> None:
    """And goes when its time is over."""
    slow = saying(200, '{"status":"initializing","errMsg":"","refCount":{}}')
    stub.faults.append(fault("GET .*/status", slow))
    assert "still initializing" in deploying("1").reason
    assert deploying.is_empty()


def test_the_dead_taken_for_the_new(deploying: Deploying, stub: Stub) -> None:
    """Before 2.1.3 a host may take the process that it killed for the new one, and start none; it
    does with the next PUT."""
    deploying("1")
    killed = '{"error":1000,"message":"validate function first error: time out, plugin mine"}'
    status = '{"status":"error","errMsg":"signal: killed","refCount":{}}'

    def mistaken(handler: Handler) -> bool:
        puts = len(stub.asked("PUT"))
        if puts == 1 and handler.call == "POST /rules":
            return bool(saying(400, killed)(handler) is None)
        if puts == 1 and handler.call.endswith("/status"):
            return bool(saying(200, status)(handler) is None)
        return False

    stub.faults.append(mistaken)
    assert deploying("2", choices=Choices(wait=10, settle=0)).did == "updated"
    assert len(stub.asked("PUT")) == 2


def test_interrupted(deploying: Deploying, stub: Stub) -> None:
    """Ctrl-C in the middle: back to what was."""
    good = deploying("1")

    def interrupt(handler: Handler) -> bool:
        if handler.call.startswith("PUT"):
            deploying.stop.set()
        return False

    stub.faults.append(interrupt)
    stub.faults.append(fault("POST /rules", saying(400, '{"message":"time out"}'), times=1))
    bad = deploying("2")
    assert bad.reason == "interrupted"
    assert deploying.is_as(good)


def test_interrupted_before_it_began(deploying: Deploying, stub: Stub) -> None:
    """Nothing is begun."""
    deploying.stop.set()
    assert deploying("1").reason == "interrupted"
    assert not stub.calls


def test_what_is_in_use_is_not_undeployed(deploying: Deploying, stub: Stub) -> None:
    """The rules are named; with force it goes all the same, and its archives with it."""
    deploying("1")
    stub.rules["r1"] = {"id": "r1", "sql": "SELECT second(a) FROM s", "actions": []}
    assert "in use by rule r1" in deploying.undeploy().reason
    assert deploying.undeploy(force=True, dry_run=True).did == "would be removed"
    assert stub.installed
    assert deploying.undeploy(force=True).did == "removed"
    assert not stub.installed
    assert not stub.uploads


def test_what_is_not_there_is_not_undeployed(deploying: Deploying) -> None:
    """That is said."""
    assert "it has no plugin called mine" in deploying.undeploy().reason


def test_a_record_keeps_two(tmp_path: Path) -> None:
    """For each host and plugin; what cannot be read is as none."""
    place = Rest("http://edge1").place
    record = Record(tmp_path)
    for number in range(4):
        record.add(place, "a/b", Deployed(f"file:///{number}.zip", "d", "1", "now"))
    assert [each.url for each in record.editions(place, "a/b")] == [
        "file:///2.zip",
        "file:///3.zip",
    ]
    for file in tmp_path.rglob("*.json"):
        file.write_text("{")
    assert record.editions(place, "a/b") == []
