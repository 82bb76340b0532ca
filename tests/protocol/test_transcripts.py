"""Every frame that real hosts sent and took."""

import base64
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ekuiper.errors import MalformedMessageError
from ekuiper.protocol import codec
from ekuiper.protocol.addresses import Addresses
from ekuiper.protocol.gojson import go_json
from ekuiper.protocol.messages import Ack, Command, Meta, Reply, Row, SourceError

pytestmark = pytest.mark.usefixtures("each_engine")

TRANSCRIPTS = Path(__file__).parents[1] / "transcripts"
VERSIONS = ["1.14.7", "2.0.8", "2.2.5", "2.4.0"]


def records(version: str) -> Iterator[dict[str, Any]]:
    """The frames of one host with the kind of their channel and their bytes."""
    starts: dict[str, str] = {}
    for line in (TRANSCRIPTS / f"frames-{version}.jsonl").read_text("utf-8").splitlines():
        record = json.loads(line)
        if record.get("dir") not in ("host->plugin", "plugin->host"):
            continue
        if "text" in record:
            record["frame"] = record["text"].encode()
        else:
            record["frame"] = base64.b64decode(record["base64"])
        record["kind"] = kind_of(record, starts)
        yield record


def kind_of(record: dict[str, Any], starts: dict[str, str]) -> str:
    channel = record["channel"]
    if channel.startswith("plugin_"):
        if record["dir"] == "host->plugin":
            command = codec.decode_command(record["frame"])
            starts[Addresses().data(command.meta) if any(command.meta[:2]) else ""] = command.kind
        return "control"
    if channel.startswith("func_"):
        return "function"
    if channel.endswith("_ack.ipc"):
        return "ack"
    return starts[f"ipc:///tmp/{channel}"]


@pytest.fixture(scope="module", params=VERSIONS)
def transcript(request: pytest.FixtureRequest) -> list[dict[str, Any]]:
    return list(records(request.param))


def frames(transcript: list[dict[str, Any]], kind: str, direction: str) -> list[bytes]:
    found = [r["frame"] for r in transcript if (r["kind"], r["dir"]) == (kind, direction)]
    assert found
    return found


def test_commands_decode_and_encode_to_the_same_bytes(transcript: list[dict[str, Any]]) -> None:
    """What a host commands, the host role commands byte for byte."""
    for frame in frames(transcript, "control", "host->plugin"):
        assert codec.encode_command(codec.decode_command(frame)) == frame


def test_calls_decode_and_encode_to_the_same_bytes(transcript: list[dict[str, Any]]) -> None:
    """What a host asks a function, the host role asks byte for byte."""
    seen = Counter()
    for frame in frames(transcript, "function", "host->plugin"):
        call = codec.decode_call(frame)
        assert (call.context is not None) == (call.func == "Exec")
        assert codec.encode_call(call) == frame
        seen[call.func] += 1
    assert set(seen) == {"Validate", "IsAggregate", "Exec"}


def test_results_and_handshakes(transcript: list[dict[str, Any]]) -> None:
    """A plugin says handshake, ok or an error on its control channel, and they are told apart."""
    seen = Counter()
    for frame in frames(transcript, "control", "plugin->host"):
        if codec.is_handshake(frame):
            seen["handshake"] += 1
            continue
        error = codec.decode_result(frame)
        assert codec.encode_result(error) == frame
        seen["ok" if error is None else error] += 1
    assert seen["handshake"]
    assert seen["ok"]
    assert set(seen) <= {"handshake", "ok", "error: cannot connect to broker"}


def test_replies_decode(transcript: list[dict[str, Any]]) -> None:
    """Replies come back as messages that encode to the same meaning."""
    answers = []
    for frame in frames(transcript, "function", "plugin->host"):
        if not codec.is_handshake(frame):
            reply = codec.decode_reply(frame)
            assert json.loads(codec.encode_reply(reply)) == json.loads(frame)
            answers.append(reply)
    assert Reply(False, "bad value") in answers
    assert Reply(True, None) in answers
    assert Reply(True, {"k": {"z": 1}}) in answers


def test_source_messages_decode_as_the_host_took_them(transcript: list[dict[str, Any]]) -> None:
    """Rows are rows, a string is an error, lists and raw bytes are malformed."""
    outcomes = Counter()
    for frame in frames(transcript, "source", "plugin->host"):
        try:
            message = codec.decode_source(frame)
        except MalformedMessageError:
            outcomes["malformed"] += 1
            continue
        outcomes[type(message)] += 1
        if isinstance(message, Row):
            assert json.loads(codec.encode_row(message)) == json.loads(frame)
        else:
            assert message == SourceError("something failed")
            assert codec.encode_source_error(message) == frame
    assert set(outcomes) == {Row, SourceError, "malformed"}


def test_acknowledgements_decode(transcript: list[dict[str, Any]]) -> None:
    """Both forms of acknowledgement encode to the same bytes."""
    acks = frames(transcript, "ack", "plugin->host")
    for frame in acks:
        assert codec.encode_ack(codec.decode_ack(frame)) == frame
    assert {codec.decode_ack(frame) for frame in acks} == {Ack(None), Ack("disk full")}


def test_what_sinks_receive_is_what_go_writes(transcript: list[dict[str, Any]]) -> None:
    """The JSON that a host sends to sinks comes out of the Go encoder byte for byte."""
    texts = {frame.decode() for frame in frames(transcript, "sink", "host->plugin")}
    delimited = {text for text in texts if not text.startswith(("[", '{"'))}
    assert len(delimited) == 1
    for text in texts - delimited:
        assert "".join(go_json(value, sort=True) for value in values(text)) == text


def values(text: str) -> Iterator[Any]:
    """The JSON values in `text`: 2.2.5 puts those of a batch one after the other."""
    end = 0
    while end < len(text):
        value, end = json.JSONDecoder().raw_decode(text, end)
        yield value


def test_datasource_of_1_and_2() -> None:
    """1.x sends the data source beside the config, 2.x only in it."""
    found = {}
    for version in VERSIONS:
        for frame in frames(list(records(version)), "control", "host->plugin"):
            command = codec.decode_command(frame)
            if command.verb == "start" and command.meta.rule_id == "src1":
                found[version] = (command.datasource, command.config.get("datasource"))
    assert found["1.14.7"][0]
    assert found["1.14.7"][1] is None
    for version in VERSIONS[1:]:
        assert found[version][0] is None
        assert found[version][1]


def test_a_function_start_has_an_empty_place() -> None:
    """Functions are started without a rule."""
    frame = frames(list(records("2.4.0")), "control", "host->plugin")[0]
    empty = Meta("", "", 0)
    assert codec.decode_command(frame) == Command("start", "func", "echo1", empty, None, {})
