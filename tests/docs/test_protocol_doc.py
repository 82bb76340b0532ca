"""The examples in docs/protocol.md are what the package speaks."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from ekuiper.protocol import codec
from ekuiper.protocol.messages import HANDSHAKE, Row, SourceError
from ekuiper.transport import sp

PAGE = Path(__file__).parents[2] / "docs" / "protocol.md"
FENCE = re.compile(r"^```(bytes|json) (.+)\n((?:.*\n)+?)```$", re.MULTILINE)
TOKEN = re.compile(r"'([^']*)'|([0-9a-f]+)|\s+|;.*")


class Example(NamedTuple):
    """A fenced block of the page: its language, what it shows, its lines."""

    language: str
    check: str
    lines: list[str]


def examples() -> list[Example]:
    text = PAGE.read_text(encoding="utf-8")
    return [Example(kind, check, body.splitlines()) for kind, check, body in FENCE.findall(text)]


def spelled(line: str) -> bytes:
    """The bytes that a line of hex digits, quoted text and remarks stands for."""
    out, at = bytearray(), 0
    while at < len(line):
        token = TOKEN.match(line, at)
        assert token, f"neither hex digits nor text at {line[at:]!r}"
        text, digits = token.groups()
        out += text.encode() if text is not None else bytes.fromhex(digits or "")
        at = token.end()
    return bytes(out)


def framed(decoder: sp.Decoder, data: bytes) -> list[bytes]:
    """The messages in `data`, which must be nothing but whole ones."""
    messages = decoder.feed(data)
    assert decoder.fault == ""
    assert decoder.missing == 0
    return messages


def check_greeting(protocol: str, lines: list[str]) -> None:
    assert [spelled(line) for line in lines] == [sp.greeting(getattr(sp, protocol))]


def check_frame(lines: list[str]) -> None:
    (data,) = map(spelled, lines)
    (payload,) = framed(sp.Decoder(sp.PUSH), sp.greeting(sp.PUSH) + data)

    assert sp.frame_head(len(payload)) + payload == data
    json.loads(payload)


def check_request(lines: list[str]) -> None:
    (data,) = map(spelled, lines)
    (message,) = framed(sp.Decoder(sp.REQ), sp.greeting(sp.REQ) + data)
    request = sp.split_request(message)

    assert request is not None
    assert request[1] == HANDSHAKE
    assert sp.request_head(int.from_bytes(request[0], "big"), len(request[1])) + request[1] == data


def check_exchange(lines: list[str]) -> None:
    """Requests carry ids that count up, each reply the id before it; all decodes."""
    decoders = {">": sp.Decoder(sp.REQ), "<": sp.Decoder(sp.REP)}
    said = [(line[0], m) for line in lines for m in framed(decoders[line[0]], spelled(line[1:]))]
    assert [way for way, _ in said] == [">", "<"] * (len(said) // 2) + [">"]
    split = [sp.split_request(message) for _, message in said]
    ids = [int.from_bytes(part[0], "big") for part in split if part]
    payloads = [part[1] for part in split if part]

    assert ids[0:-1:2] == ids[1::2]
    assert [sp.next_request_id(number) for number in ids[0:-1:2]] == ids[2::2]
    assert payloads[0] == HANDSHAKE
    for question, answer in zip(payloads[1::2], payloads[2::2], strict=True):
        if question.startswith(b'{"cmd"'):
            check_command([question.decode()])
            assert codec.encode_result(codec.decode_result(answer)) == answer
        else:
            check_call([question.decode()])
            check_reply([answer.decode()])


def check_command(lines: list[str]) -> None:
    frame = one(lines)
    assert codec.encode_command(codec.decode_command(frame)) == frame


def check_call(lines: list[str]) -> None:
    frame = one(lines)
    assert codec.encode_call(codec.decode_call(frame)) == frame


def check_reply(lines: list[str]) -> None:
    frame = one(lines)
    assert codec.encode_reply(codec.decode_reply(frame)) == frame


def check_row(lines: list[str]) -> None:
    frame = one(lines)
    row = codec.decode_source(frame)
    assert isinstance(row, Row)
    assert codec.encode_row(row) == frame


def check_source_error(lines: list[str]) -> None:
    frame = one(lines)
    error = codec.decode_source(frame)
    assert isinstance(error, SourceError)
    assert codec.encode_source_error(error) == frame


def check_ack(lines: list[str]) -> None:
    frame = one(lines)
    assert json.loads(codec.encode_ack(codec.decode_ack(frame))) == json.loads(frame)


def check_sink(lines: list[str]) -> None:
    json.loads(one(lines))


def one(lines: list[str]) -> bytes:
    """The only line of an example, as bytes."""
    (line,) = lines
    return line.encode()


CHECKS: dict[str, Callable[[list[str]], None]] = {
    "greeting REQ": lambda lines: check_greeting("REQ", lines),
    "greeting PUSH": lambda lines: check_greeting("PUSH", lines),
    "frame": check_frame,
    "request": check_request,
    "exchange": check_exchange,
    "command": check_command,
    "call": check_call,
    "reply": check_reply,
    "row": check_row,
    "source-error": check_source_error,
    "ack": check_ack,
    "sink": check_sink,
}


@pytest.mark.parametrize("example", examples(), ids=lambda e: f"{e.check}: {e.lines[0][:40]}")
def test_example_holds(example: Example) -> None:
    """An example decodes, and encodes to the same bytes."""
    CHECKS[example.check](example.lines)


def test_every_check_has_an_example() -> None:
    """No kind of example went missing, for instance because its fence is spelled otherwise."""
    assert {example.check for example in examples()} == set(CHECKS)


def test_every_marked_block_is_an_example() -> None:
    """A block in hex or JSON that no check sees would rot."""
    fences = re.findall(r"^```(?:bytes|json)", PAGE.read_text(encoding="utf-8"), re.MULTILINE)

    assert len(examples()) == len(fences)
