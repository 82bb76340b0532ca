"""Which calls are in flight, and since when."""

from __future__ import annotations

import os
import subprocess
import threading
import time

import pytest

from ekuiper.runtime.author import PACKAGE
from ekuiper.runtime.guard import Guard
from ekuiper.runtime.hangs import Hangs, watched_by_thread
from ekuiper.runtime.supervision.inflight import SLOTS, Calls, between_looks, patience
from ekuiper.runtime.supervision.marks import Marks, new_marks
from ekuiper.runtime.supervision.overdue import Overdue
from ekuiper.runtime.supervision.report import Report
from ekuiper.runtime.supervision.stackdump import lines_of

DEADLINE = 10.0
NAMES = ["f", "ü" * 46, "g"]


@pytest.fixture
def marks():
    """New memory."""
    found = new_marks()
    assert found is not None
    return found


def test_the_same_call_is_known_by_its_serial():
    """Since it was first seen; another one of the same function begins anew."""
    calls = Calls()
    calls.look(1.0, {0: 7, 1: 3})
    calls.look(2.0, {0: 7, 1: 4})
    assert calls.longer(3.0, 2.0) == [(0, 7, 2.0)]
    assert calls.longer(3.0, 1.0) == [(0, 7, 2.0), (1, 4, 1.0)]

    calls.look(4.0, {})
    calls.look(5.0, {0: 7})
    assert calls.longer(6.0, 2.0) == []


def test_both_processes_see_the_same(marks):
    """While author code has a call it is in flight, with a serial of its own."""
    seen = []
    other = Marks(marks.fd)
    guard = Guard(marks)

    def answer(frame):
        seen.append(other.calls.calls())
        return frame

    f, g = (guard.around(name, answer, str.encode) for name in ("f", "g"))
    for function in (f, g, f):
        function(b"x")
    guard.around("f", answer, str.encode)(b"x")  # made anew

    assert seen == [{0: 1}, {1: 1}, {0: 2}, {0: 3}]
    assert other.calls.calls() == {}


def test_names_limit_and_state_are_shared(marks):
    """A name is as long as a socket's path allows."""
    other = Marks(marks.fd)
    for name in NAMES:
        marks.claim(name)
    assert [other.calls.name(number) for number in range(3)] == NAMES
    assert other.calls.timeout is None
    marks.calls.timeout = 0.25
    assert other.calls.timeout == 0.25
    marks.calls.timeout = None
    assert other.calls.timeout is None
    assert other.calls.awake is False
    marks.calls.awake = True
    assert other.calls.awake is True
    other.died(1.0, "by SIGKILL")
    assert marks.calls.awake is False
    assert (len(other.calls.told), len(other.calls.threads)) == (SLOTS, SLOTS)


def test_how_long_and_how_often():
    """Never longer than the host waits, and seldom enough to cost nothing."""
    assert [patience(each) for each in (None, 2.0, 60.0)] == [5.0, 2.0, 5.0]
    assert [between_looks(each) for each in (5.0, 2.0, 0.01)] == [0.25, 0.1, 0.01]


class Stage:
    """A supervisor's look at a worker that is not there: the calls are put into the memory."""

    def __init__(self, marks: Marks, worker: int = 0) -> None:
        self.calls = marks.calls
        self.calls.timeout = 1.0
        self.marks = marks
        self.worker = worker
        self.hears = True
        self.overdue = Overdue(marks, Report("p"))
        self.numbers = [marks.claim(name)[0] for name in NAMES]

    def begin(self, number: int, serial: int) -> None:
        self.calls.serials[number] = serial
        self.marks.lengths[number] = 1

    def look(self, now: float) -> bool:
        return self.overdue.look(now, self.worker, hears=self.hears)


def test_who_exceeds_the_limit_is_guilty(marks):
    """Once the worker has told its stack; the reason names function and limit. It begins anew with
    the next worker."""
    stage = Stage(marks)
    stage.begin(0, 5)
    assert stage.look(0.0) is False  # nobody said that calls come
    stage.calls.awake = True
    stage.overdue.roused(10.0)
    assert [stage.look(10.0), stage.look(10.9)] == [False, False]
    assert stage.look(11.01) is False
    assert stage.overdue.stuck(11.01) == {"f": pytest.approx(1.01)}
    stage.calls.told[0] = 5
    assert stage.look(11.06) is True
    verdict = stage.overdue.died(11.1, "by SIGKILL")
    assert verdict.reason == "function 'f' took longer than call_timeout=1 s"
    assert stage.overdue.deadline is None
    assert stage.overdue.stuck(12.0) == {}
    assert stage.overdue.died(12.0, "by SIGSEGV").reason == "by SIGSEGV"


def test_only_the_guilty_call_is_blamed(marks):
    """Not those that were there with it."""
    stage = Stage(marks)
    stage.calls.awake = True
    stage.overdue.roused(0.0)
    stage.begin(0, 5)
    stage.look(0.0)
    stage.begin(1, 1)
    stage.calls.told[0] = 5
    assert stage.look(1.05) is True
    stage.overdue.died(1.1, "by SIGKILL")
    ((_, _, how),) = marks.suspects().values()
    assert how == "1 times (call_timeout=1 s)"


def test_quick_calls_are_never_guilty(marks):
    """However often one is seen in flight."""
    stage = Stage(marks)
    stage.calls.awake = True
    stage.overdue.roused(0.0)
    for serial in range(200):
        stage.begin(0, serial)
        assert stage.look(serial / 10) is False
        assert stage.overdue.stuck(serial / 10) == {}


def test_it_sleeps_when_worker_and_calls_do(marks):
    """And not before both."""
    stage = Stage(marks)
    stage.calls.awake = True
    stage.overdue.roused(0.0)
    stage.look(0.0)
    assert stage.overdue.deadline == 0.05
    stage.begin(0, 1)
    stage.calls.awake = False
    stage.look(0.05)
    assert stage.overdue.deadline == 0.1
    marks.lengths[0] = 0
    stage.look(0.1)
    assert stage.overdue.deadline is None


DUMP = """\
Thread 0x00007f0000000001 (most recent call first):
  File "/other.py", line 3 in wait

Thread 0x00007f0000000abc [function f] (most recent call first):
  File "/my "odd", line.py", line 12 in hang
  File "/a.py", line 7 in <lambda>
  File "{package}runtime/function.py", line 1 in _exec
  File "/lib/threading.py", line 982 in run

Current thread 0x00007f0000000002 (most recent call first):
  File "{package}runtime/supervision/link.py", line 9 in recv
"""


def test_the_stack_is_found_in_the_dump():
    """As the worker would tell it: the innermost last, without ours; then where other threads are
    in author code."""
    dump = DUMP.replace("{package}", PACKAGE)
    assert lines_of(dump, 0x7F0000000ABC) == [
        "/a.py:7 in <lambda>",
        '/my "odd", line.py:12 in hang',
        "another thread: /other.py:3 in wait",
    ]
    assert lines_of(dump, 0x7F0000000001)[0] == "/other.py:3 in wait"
    assert lines_of(dump, 0x7F0000000AB)[0] == "(its stack could not be taken)"
    assert lines_of("", 1) == ["(its stack could not be taken)"]


def test_a_first_call_after_a_pause_is_announced_once(marks):
    """On the thread of the function; the pause begins when none was seen for two looks."""
    roused = []
    hangs = Hangs(marks.calls, lambda: roused.append(threading.current_thread()))
    hangs.limit_to(None)
    f = Guard(marks, hangs).around("f", bytes, str.encode)
    assert hangs.left is None
    for times in (1, 2):
        for _ in range(5):
            assert f(b"x") == b"x"
        assert roused == [threading.current_thread()] * times
        assert 0.0 < hangs.left <= between_looks(patience(None))
        hangs.look()
        assert hangs.left is not None
        hangs.look()
        assert hangs.left is None


def test_no_pause_begins_while_calls_come(marks):
    """Nor when one came between the looks."""
    hangs = Hangs(marks.calls, lambda: None)
    f = Guard(marks, hangs).around("f", lambda frame: hangs.look() or frame, str.encode)
    f(b"x")
    for _ in range(3):
        hangs.look()
        assert hangs.left is not None
        f(b"x")


def test_without_a_supervisor_a_thread_looks(marks, monkeypatch, caplog):
    """As long as calls come."""
    monkeypatch.setattr("ekuiper.runtime.supervision.inflight.STUCK_AFTER", 0.01)
    hangs = watched_by_thread(marks.calls)
    hangs.limit_to(None)
    f = Guard(marks, hangs).around("f", lambda frame: until_told(caplog), str.encode, "function f")
    assert f(b"x") is True
    deadline = time.monotonic() + DEADLINE
    while marks.calls.awake:
        assert time.monotonic() < deadline
        os.sched_yield()


def until_told(caplog) -> bool:
    deadline = time.monotonic() + DEADLINE
    while time.monotonic() < deadline:
        if any("function f: a call takes longer" in text for text in caplog.messages):
            return True
        os.sched_yield()
    return False


def test_a_worker_with_a_command_is_waited_for(marks):
    """Its main thread does not hear; stacks are taken from outside only where no thread runs, or
    it has to be killed. Here the signal for that ends it."""
    worker = subprocess.Popen(["sleep", "60"])
    stage = Stage(marks, worker.pid)
    stage.calls.timeout = None
    stage.calls.awake = True
    stage.overdue.roused(0.0)
    stage.begin(0, 5)
    stage.hears = False
    assert [stage.look(now) for now in (0.0, 5.0, 8.0)] == [False] * 3
    assert worker.poll() is None
    stage.hears = True
    assert stage.look(9.0) is False
    assert worker.wait(DEADLINE) < 0
