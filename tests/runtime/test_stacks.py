"""Where a thread is in author code."""

from __future__ import annotations

import asyncio
import os
import threading
import time

from ekuiper.runtime.author import PACKAGE, AuthorLoop
from ekuiper.runtime.stacks import begin_of_author, stack_of

DEADLINE = 10.0
OURS = PACKAGE + "runtime/function.py"


def test_what_called_author_code_is_left_out():
    """From the first file on that is not ours, after the first that is; the loop is not told."""
    asyncio_file = asyncio.__file__
    assert begin_of_author(["/threading.py", OURS, OURS, "/a.py", OURS, "/b.py"]) == 3
    assert begin_of_author([OURS, asyncio_file, "/a.py"]) == 2
    assert begin_of_author(["/a.py", "/b.py"]) == 0
    assert begin_of_author(["/threading.py", OURS]) == 0
    assert begin_of_author([]) == 0


def stack_within(work, wait) -> list[str]:
    """The stack of a thread that does `work`, when it has got as far as `wait` says."""
    thread = threading.Thread(target=work)
    thread.start()
    assert wait(DEADLINE)
    return stack_of(thread.ident)


def test_each_line_has_file_function_and_text():
    """The innermost last."""
    there, go = threading.Event(), threading.Event()

    def inner():
        there.set()
        go.wait(DEADLINE)

    lines = stack_within(lambda: inner(), there.wait)
    go.set()
    (at,) = (number for number, line in enumerate(lines) if " in inner: " in line)
    assert lines[at].startswith(f"{__file__}:")
    assert " in <lambda>: lines = stack_within(" in lines[at - 1]


def test_of_a_coroutine_it_is_where_it_waits():
    """Down through what it awaits, instead of the event loop that waits in its place."""
    loop = AuthorLoop()

    async def inner():
        await asyncio.Event().wait()

    async def outer():
        await inner()

    def work():
        try:
            loop.run(outer())
        except asyncio.CancelledError:
            loop.close()

    thread = threading.Thread(target=work)
    thread.start()
    deadline = time.monotonic() + DEADLINE
    while " in wait: " not in "".join(lines := stack_of(thread.ident)):
        assert time.monotonic() < deadline
        os.sched_yield()
    loop.cancel()
    thread.join(DEADLINE)

    names = [line.rpartition(" in ")[2].partition(":")[0] for line in lines]
    assert names == ["outer", "inner", "wait"]


def test_a_thread_that_has_ended_has_no_stack():
    """Nor one that never was."""
    thread = threading.Thread(target=int)
    thread.start()
    thread.join(DEADLINE)

    assert stack_of(thread.ident) == []
    assert stack_of(None) == []
