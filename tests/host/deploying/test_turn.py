"""One deployment of a plugin at a time on a host; the other one waits, or does nothing."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from ekuiper.errors import HostError
from ekuiper.host.deploying import Choices
from ekuiper.host.deploying.checking import Refused
from ekuiper.host.deploying.turn import TURN, turn
from ekuiper.host.rest import Rest

from ..rest.stub import Handler, Stub, fault
from .test_deployment import Deploying

LONG_AGO = "2020-01-01T00:00:00+00:00 bob@desk 1234"


@pytest.fixture
def stub() -> Iterator[Stub]:
    with Stub() as running:
        yield running


def taking(rest: Rest, plugin: str = "mine", **given: Any) -> Any:
    options: dict[str, Any] = {"seconds": 60.0, "wait": 0.0, "stop": threading.Event()}
    return turn(rest, plugin, **{**options, "say": lambda text: None, **given})


def test_two_at_a_time(stub: Stub, tmp_path: Path) -> None:
    """The second waits until the first is through, and replaces its edition in order."""
    first, second = Deploying(stub, tmp_path / "1"), Deploying(stub, tmp_path / "2")
    for each in (first, second):
        each.folder.mkdir()
    reached, go_on = threading.Event(), threading.Event()

    def linger(handler: Handler) -> None:
        reached.set()
        go_on.wait(10)
        handler.say(*stub.answer("POST", handler.path, handler.json()))

    stub.faults.append(fault("POST /plugins/portables", linger, times=1))
    with ThreadPoolExecutor(2) as pool:
        one = pool.submit(first, "1")
        assert reached.wait(10)
        two = pool.submit(second, "2", choices=Choices(wait=10.0, settle=0))
        while not any("waiting for" in step.text for step in list(second.steps)):
            assert not two.done()
        go_on.set()

    assert [one.result().did, two.result().did] == ["installed", "updated"]
    assert stub.installed["mine"].manifest["version"] == "2"
    assert second.is_clean()


def test_a_turn_that_does_not_come(stub: Stub, tmp_path: Path) -> None:
    """Nothing is done, neither by a deployment nor by a removal; who has it is named."""
    deploying = Deploying(stub, tmp_path)
    deploying("1")
    calls = len(stub.calls)
    with Rest(stub.url) as rest, taking(rest):
        with pytest.raises(Refused, match=r"mine is being deployed by .+@.+; if"), taking(rest):
            pass
        with taking(rest, "another"):
            pass
        outcome = deploying("2", choices=Choices(wait=0.0))
        assert outcome.left == "the host is as it was"
        assert "is being deployed by" in outcome.reason
    assert not [call for call in stub.calls[calls:] if call.startswith("PUT")]
    assert stub.installed["mine"].manifest["version"] == "1"
    assert not stub.streams


def test_a_turn_of_a_killed_one(stub: Stub) -> None:
    """It is over at the time that it names; so is none whose time cannot be read."""
    with Rest(stub.url) as rest:
        with taking(rest):
            (name,) = stub.streams
        stub.streams[name] = LONG_AGO
        with taking(rest):
            assert stub.streams[name] != LONG_AGO
        stub.streams[name] = "a stream of somebody's"
        with pytest.raises(HostError, match="by somebody"), taking(rest):
            pass
    assert stub.streams == {name: "a stream of somebody's"}
    assert name.startswith(TURN)


def test_a_turn_that_was_taken_over(stub: Stub) -> None:
    """Is not given back by who had it before."""
    with Rest(stub.url) as rest, taking(rest):
        (name,) = stub.streams
        stub.streams[name] = LONG_AGO
    assert stub.streams == {name: LONG_AGO}


def test_nothing_to_take_turns_for(stub: Stub, tmp_path: Path) -> None:
    """A dry run changes nothing on the host, not even this."""
    Deploying(stub, tmp_path)("1", choices=Choices(dry_run=True))
    assert not stub.asked("POST")


def test_interrupted_while_waiting(stub: Stub) -> None:
    """It waits no longer."""
    stop = threading.Event()
    stop.set()
    late = {"wait": 60.0, "stop": stop}
    with Rest(stub.url) as rest, taking(rest), pytest.raises(Refused, match="interrupted"):
        taking(rest, **late).__enter__()
