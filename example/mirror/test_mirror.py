"""The mirror shows what it is shown, as a process under a host."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ekuiper.errors import CallError
from ekuiper.host.embedded import Host
from ekuiper.protocol.messages import Row


@pytest.fixture(scope="module")
def host() -> Iterator[Host]:
    with Host(Path(__file__).parent) as host:
        yield host


def test_source_shows_its_settings(host: Host) -> None:
    """What a stream says reaches the source, and comes back as rows."""
    config = {"every": 0.01, "x": [1, None]}
    with host.source("settings", rule="r", stream="s", datasource="t", config=config) as source:
        first, second = source.recv(10), source.recv(10)

    assert isinstance(first, Row)
    assert isinstance(second, Row)
    assert first.message["place"] == ["r", "s", 0]
    assert first.message["datasource"] == "t"
    assert first.message["conf"]["x"] == [1, None]
    assert first.meta == {"plugin": "mirror"}
    assert (first.message["number"], second.message["number"]) == (0, 1)


@pytest.mark.parametrize(
    "value", [0, -2.5, "", "héllo <&> \u2028", True, None, [1, [None]], {"a": {"b": [1.5]}}]
)
def test_function_returns_its_argument(host: Host, value: Any) -> None:
    """A value survives both ways of the wire."""
    assert host.function("echo").exec(value) == value


def test_function_returns_several_arguments_as_a_list(host: Host) -> None:
    """Arguments keep their order."""
    assert host.function("echo").exec(3, "x", None) == [3, "x", None]


def test_function_wants_an_argument(host: Host) -> None:
    """A rule that calls it with nothing is refused, with the reason."""
    echo = host.function("echo")
    echo.validate([{"Val": 1}])
    with pytest.raises(CallError, match="echo needs something to return"):
        echo.validate([])


def test_sink_writes_lines(host: Host, tmp_path: Path) -> None:
    """Each message is a line, exactly as it came."""
    path = tmp_path / "lines"
    messages = ['[{"city":"Ålesund"}]', "{}", "not JSON"]
    with host.sink("lines", config={"path": str(path), "requireAck": True}) as sink:
        for message in messages:
            sink.send(message.encode())

    assert path.read_text(encoding="utf-8").splitlines() == messages
