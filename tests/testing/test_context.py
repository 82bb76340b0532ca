"""`RecordingContext`: author classes called directly."""

from __future__ import annotations

import datetime
import logging

import pytest

from ekuiper.errors import ChannelClosedError
from ekuiper.testing import RecordingContext

from .plugin import Collect, Counter, Manual, Moody, Revert


def test_place():
    """A context says where it is."""
    ctx = RecordingContext("rule7", "demo", 2)
    assert (ctx.get_rule_id(), ctx.get_op_id(), ctx.get_instance_id()) == ("rule7", "demo", 2)


def test_rows_as_ekuiper_sees_them():
    """Rows are kept as they would arrive, so a later change of what was emitted does no harm."""
    ctx = RecordingContext()
    row = {"at": datetime.date(2026, 1, 2), "pair": (1, 2), "nan": float("nan")}
    ctx.emit(row, {"topic": "t"})
    row["pair"] = ()
    ctx.emit({})
    assert ctx.rows == [{"at": "2026-01-02", "pair": [1, 2], "nan": None}, {}]
    assert ctx.metas == [{"topic": "t"}, None]


def test_errors():
    """Errors are kept, and so are the reasons of rows that cannot be sent."""
    ctx = RecordingContext()
    Moody().open(ctx)
    assert ctx.errors[0] == "no signal"
    assert "row dropped: message.what: a value of type object" in ctx.errors[1]
    assert len(ctx.rows) == 2


def test_stop_after():
    """An endless source is stopped after so many rows."""
    ctx = RecordingContext(stop_after=3)
    source = Counter()
    source.configure("t", {})
    with pytest.raises(ChannelClosedError):
        source.open(ctx)
    assert ctx.rows == [{"count": 0}, {"count": 1}, {"count": 2}]
    with pytest.raises(ChannelClosedError):
        ctx.emit_error("too late")


def test_acks():
    """Acks are kept in order."""
    ctx = RecordingContext()
    sink = Manual()
    sink.configure({})
    sink.collect(ctx, b"1")
    sink.collect(ctx, b"2")
    assert ctx.acks == [None, "second"]


def test_functions_and_sinks():
    """Functions and sinks need nothing but the context."""
    ctx = RecordingContext("r")
    assert Revert().exec(["abc"], ctx) == "cba"
    sink = Collect()
    sink.got = []
    sink.collect(ctx, b"x")
    assert sink.got == [("r", b"x")]


def test_logger(caplog):
    """What author code logs is logged."""
    with caplog.at_level(logging.INFO):
        RecordingContext().logger.info("hello %s", "there")
    assert caplog.messages == ["hello there"]
