"""Logging as a plugin's log needs it."""

from __future__ import annotations

import contextlib
import io
import logging

import pytest

from ekuiper.runtime import logs


@contextlib.contextmanager
def bare_root(level=logging.WARNING):
    """The root logger as a fresh process has it, and the stream that stands for stderr."""
    logger = logging.getLogger()
    handlers, before = logger.handlers[:], logger.level
    logger.handlers[:] = []
    logger.setLevel(level)
    stream = io.StringIO()
    with contextlib.redirect_stderr(stream):
        try:
            yield logger, stream
        finally:
            logger.handlers[:] = handlers
            logger.setLevel(before)


@pytest.fixture(autouse=True)
def _no_level(monkeypatch):
    monkeypatch.delenv("EKUIPER_LOG", raising=False)


def test_one_handler_at_info_by_default():
    """As the official package logs, but to stderr and once."""
    with bare_root() as (logger, stream):
        logs.configure("weather")
        logging.info("ready")
        logging.debug("not shown")

        assert len(logger.handlers) == 1
        assert " INFO    weather ready (test_logs.py:" in stream.getvalue()
        assert stream.getvalue().count("\n") == 1


def test_the_scripts_own_handlers_and_level_are_kept():
    """A plugin that called basicConfig has decided."""
    with bare_root() as (logger, _):
        own = logging.NullHandler()
        logger.addHandler(own)
        logger.setLevel(logging.ERROR)
        logs.configure("weather")

        assert logger.handlers == [own]
        assert logger.level == logging.ERROR


def test_the_environment_sets_the_level(monkeypatch):
    """EKUIPER_LOG wins, in any case."""
    with bare_root() as (logger, _):
        monkeypatch.setenv("EKUIPER_LOG", "debug")
        logs.configure("weather")

        assert logger.level == logging.DEBUG


def test_a_level_that_is_none_is_told(monkeypatch):
    """With the known ones; INFO it is."""
    with bare_root() as (logger, stream):
        monkeypatch.setenv("EKUIPER_LOG", "loud")
        logs.configure("weather")

        assert "EKUIPER_LOG=LOUD is not a level; known: DEBUG" in stream.getvalue()
        assert logger.level == logging.INFO


def test_records_name_the_place_of_their_thread():
    """Plain logging calls of author code carry the rule too."""
    with bare_root() as (_, stream):
        logs.configure("100%")
        token = logs.PLACE.set("r1/demo/0")
        logging.warning("hot")
        logs.PLACE.reset(token)

        assert " WARNING 100% [r1/demo/0] hot (" in stream.getvalue()


def test_a_context_logger_follows_the_roots_level():
    """It is not registered, so it asks each time."""
    with bare_root() as (logger, stream):
        logs.configure("weather")
        mine = logs.ContextLogger("source 's'", "r1/demo/0")
        mine.debug("hidden")
        logger.setLevel(logging.DEBUG)
        mine.debug("shown")
        mine.setLevel(logging.ERROR)
        mine.warning("hidden too")

        assert "hidden" not in stream.getvalue()
        assert "[r1/demo/0] shown" in stream.getvalue()


def test_printing_to_a_context_logger():
    """The official package returns stdout here, and plugins print to it."""
    with bare_root() as (_, stream):
        logs.configure("weather")
        mine = logs.ContextLogger("source 's'", "r1/demo/0")
        print("one", "two", file=mine, flush=True)

        assert stream.getvalue().count("\n") == 1
        assert "[r1/demo/0] one two (test_logs.py:" in stream.getvalue()


@pytest.mark.parametrize(
    ("text", "shown"),
    [("plain", "plain"), ("a\nb", "a\\nb"), ("\x1b[31m", "\\x1b[31m"), ("é", "é")],
)
def test_ids_stay_on_one_line(text, shown):
    """A rule id may hold anything; a log line is one line."""
    assert logs.printable(text) == shown


def test_repeats_are_counted_not_written(monkeypatch):
    """The first is due, then one each interval, which says how many it stands for."""
    now = [100.0]
    monkeypatch.setattr(logs.time, "monotonic", lambda: now[0])
    repeats = logs.Repeats(interval=10.0, most_keys=2)

    assert [repeats.due("a") for _ in range(3)] == [1, 0, 0]
    now[0] += 11
    assert repeats.due("a") == 3
    assert repeats.due("b") == 1
    assert repeats.due("c") == 1
    assert repeats.due("a") == 1  # forgotten when there were too many keys
