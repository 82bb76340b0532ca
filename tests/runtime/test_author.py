"""The boundary to author code."""

from __future__ import annotations

import asyncio
import json
import logging
import threading

import pytest

from ekuiper import Function, Sink, Source
from ekuiper.errors import SymbolError
from ekuiper.runtime.author import AuthorLoop, Reporter, check_method, describe


def caught(body):
    with pytest.raises(ValueError) as info:  # noqa: PT011 - any will do
        body()
    return info.value


def test_an_error_is_described_with_the_authors_innermost_line():
    """Not the library's line that raised it, but the author's that called it."""

    def body():
        json.loads("{")

    line = body.__code__.co_firstlineno + 1
    assert describe(caught(body)).endswith(f"(test_author.py:{line})")
    assert describe(caught(body)).startswith("JSONDecodeError: Expecting")


def test_an_error_without_text_or_traceback():
    """Nothing is invented."""
    assert describe(ValueError()) == "ValueError"
    assert describe(ValueError("x")) == "ValueError: x"


@pytest.mark.parametrize(
    ("kind", "base", "method"),
    [("source", Source, "open"), ("sink", Sink, "collect"), ("func", Function, "exec")],
)
def test_a_missing_method_is_named_with_the_class(kind, base, method):
    """Inherited from our base class is missing; set on the object is there."""

    class Mine(base):
        pass

    with pytest.raises(SymbolError, match=rf"Mine \(test_author.py:\d+\) has no method {method}"):
        check_method("it", kind, Mine())
    good = Mine()
    setattr(good, method, print)
    check_method("it", kind, good)


def test_a_class_without_source_is_named_alone():
    """Made in a shell or by type()."""
    with pytest.raises(SymbolError, match="class Made has no method exec"):
        check_method("it", "func", type("Made", (), {"__module__": "nowhere"})())


def test_the_same_mistake_in_each_row_is_logged_once(caplog):
    """With its traceback, from the author's first line on."""
    reporter = Reporter("sink 'k'", logging.getLogger("test"))

    def body():
        raise ValueError("no")

    for _ in range(100):
        assert reporter.raised("collect", caught(body)).startswith("ValueError: no (")
    reporter.wrong("odd", key="k")
    reporter.wrong("odder", key="k")

    assert len(caplog.records) == 2
    assert "Traceback" in caplog.text
    assert "sink 'k': odd" in caplog.text


def test_a_loop_is_made_for_coroutines_only():
    """Plain results pass through; asyncio is not even imported for them."""
    loop = AuthorLoop()

    assert loop.run(5) == 5
    assert loop.run_elsewhere(5, 1.0) == 5
    loop.cancel()
    loop.close()
    assert loop._loop is None


def test_a_coroutine_elsewhere_without_a_running_loop():
    """It gets a loop for itself."""

    async def body():
        return 7

    assert AuthorLoop().run_elsewhere(body(), 1.0) == 7


def test_close_lets_what_another_thread_gave_the_loop_end():
    """A close() that began while open() ran is not cut off when open() returns."""
    loop, ended = AuthorLoop(), []
    running, given = threading.Event(), threading.Event()

    async def work():
        running.set()
        await asyncio.to_thread(given.wait, 5.0)

    async def close():
        given.set()
        for _ in range(20):
            await asyncio.sleep(0)
        ended.append(True)

    def elsewhere():
        running.wait(5.0)
        loop.run_elsewhere(close(), 5.0)

    thread = threading.Thread(target=elsewhere)
    thread.start()
    loop.run(work())
    loop.close()
    thread.join(5.0)

    assert ended == [True]
    loop.cancel()


def test_an_error_that_has_no_text():
    """What cannot be told is said to be that: the symbol's thread lives on it."""

    class Odd(ValueError):
        def __str__(self):
            raise LookupError("code")

    def body():
        raise Odd

    assert describe(caught(body)).startswith("Odd: (its __str__ raised LookupError) (test_author")


def test_a_log_that_raises(capfd):
    """The author's handlers may do anything; what was to be logged is on stderr."""

    class Broken(logging.Handler):
        def emit(self, record):
            raise ConnectionError("log server is away")

    logger = logging.Logger("broken")
    logger.addHandler(Broken())
    reporter = Reporter("function 'f'", logger)

    assert reporter.raised("a call", ValueError("x")) == "ValueError: x"
    reporter.wrong("is wrong")
    told = capfd.readouterr().err.splitlines()
    assert [line.partition("; it could not be logged: ")[0] for line in told] == [
        "a call of function 'f' raised ValueError: x",
        "function 'f': is wrong",
    ]
    assert all("ConnectionError: log server is away" in line for line in told)
