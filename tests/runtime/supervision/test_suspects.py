"""Which requests are known to kill workers, and how the worker hears of them."""

from __future__ import annotations

import time
from contextlib import ExitStack

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ekuiper.runtime.guard import Guard
from ekuiper.runtime.supervision.marks import ROW_SLOTS, SLOTS, Marks, new_marks
from ekuiper.runtime.supervision.poison import DEATHS, FIRST_BAN, KEPT, LONGEST_BAN, Suspects


def test_one_death_is_no_proof():
    """The request is asked again at once."""
    suspects = Suspects()
    suspects.died(5.0, "by SIGSEGV", [1])

    assert suspects.known[1].until == 0.0


def test_a_second_death_bans_and_each_further_one_for_longer():
    """A minute, two, four, an hour at most; how the last worker ended is told."""
    suspects = Suspects()
    bans = []
    for _ in range(12):
        suspects.died(5.0, "by SIGSEGV", [1])
        bans.append(suspects.known[1].until - 5.0)

    assert bans[1:4] == [FIRST_BAN, 2 * FIRST_BAN, 4 * FIRST_BAN]
    assert bans[-1] == LONGEST_BAN
    suspects = Suspects()
    for how, told in (("a", "1 times (a)"), ("b", "twice (b)"), ("c", "3 times (c)")):
        suspects.died(0.0, how, [1])
        assert str(suspects.known[1]) == told


def test_an_answer_acquits():
    """Only deaths without an answer in between count."""
    suspects = Suspects()
    for _ in range(5):
        suspects.died(5.0, "by SIGKILL", [1])
        suspects.answered(1)

    assert suspects.known == {}


def test_deaths_of_others_do_not_acquit():
    """Two that kill in turn are both found."""
    suspects = Suspects()
    for mark in (1, 2, 1, 2):
        suspects.died(5.0, "by SIGSEGV", [mark])

    assert all(each.until for each in suspects.known.values())


@given(st.lists(st.lists(st.integers(1, 200), max_size=9, unique=True), max_size=40))
def test_the_memory_is_bounded(deaths):
    """The latest are kept, whatever dies, and each is banned after `DEATHS` deaths."""
    suspects = Suspects()
    for marks in deaths:
        suspects.died(1.0, "by SIGABRT", marks)
        assert all(mark in suspects.known for mark in marks)
        assert len(suspects.known) <= KEPT
    for suspect in suspects.known.values():
        assert bool(suspect.until) == (suspect.deaths >= DEATHS)


class Generations:
    """Workers one after the other, in this process: a call that dies does so by an exception."""

    def __init__(self) -> None:
        self.marks = new_marks()
        assert self.marks is not None
        self.called: list[bytes] = []

    def worker(self, name: str = "f"):
        """Another worker's function: `die` kills it, all else is echoed."""
        # The worker's own view of the page, as after an exec.
        return Guard(Marks(self.marks.fd)).around(name, self._answer, lambda text: text.encode())

    def ask(self, frame: bytes, name: str = "f") -> bytes | None:
        """Of a new worker; None if that died."""
        try:
            return self.worker(name)(frame)
        except InterruptedError:
            self.marks.died(time.monotonic(), "by SIGSEGV")
            return None

    def killed_at(self, frame: bytes) -> None:
        """A worker dies while author code has the frame."""

        def answer(frame: bytes) -> bytes:
            raise InterruptedError

        with pytest.raises(InterruptedError):
            Guard(Marks(self.marks.fd)).around("f", answer, str.encode)(frame)
        self.marks.died(time.monotonic(), "by SIGKILL")

    def _answer(self, frame: bytes) -> bytes:
        self.called.append(frame)
        if frame == b"die":
            raise InterruptedError
        return frame


def test_the_third_time_it_is_refused_without_a_call():
    """With how the worker ended; other requests and other functions are not concerned."""
    workers = Generations()
    assert workers.ask(b"die") is None
    assert workers.ask(b"die") is None
    answer = workers.ask(b"die")

    assert answer is not None
    assert answer.startswith(b"killed its worker twice (by SIGSEGV) on this request; not called")
    assert workers.called == [b"die", b"die"]
    assert workers.ask(b"live") == b"live"
    assert workers.ask(b"die", "g") is None


def test_a_suspect_that_is_answered_is_one_no_more():
    """In the worker and in the supervisor: the same request may come for ever, and workers die of
    something else."""
    workers = Generations()
    for _ in range(4):
        assert workers.worker()(b"live") == b"live"
        workers.killed_at(b"live")

    assert workers.ask(b"live") == b"live"


def test_a_page_without_a_slot_guards_nothing():
    """Functions beyond `SLOTS` are called as they are."""
    marks = new_marks()
    assert marks is not None
    guard = Guard(marks)
    for number in range(SLOTS):
        assert guard.around(str(number), bytes, str.encode) is not bytes

    assert guard.around("one more", bytes, str.encode) is bytes
    assert guard.around("0", bytes, str.encode) is not bytes  # it is made once more


@pytest.mark.parametrize("size", [1, 512, 513, 4096, 4097, 1 << 20])
def test_requests_of_any_size_are_told_apart(size):
    """By their last byte, too."""
    one, other = b"a" * size, b"a" * (size - 1) + b"b"
    workers = Generations()
    for _ in range(2):
        workers.killed_at(one)

    assert workers.ask(one).startswith(b"killed its worker twice")
    assert workers.ask(other) == other


def collect(row: bytes) -> str | None:
    if row == b"die":
        raise InterruptedError
    return None


def test_rows_are_guarded_like_calls():
    """Of a sink at its place, which may have the name of a function."""
    workers = Generations()
    marks = workers.marks
    for _ in range(2):
        with Guard(Marks(marks.fd)).rows("f", collect, str) as guarded:
            assert guarded(b"live") is None
            with pytest.raises(InterruptedError):
                guarded(b"die")
        marks.died(time.monotonic(), "by SIGSEGV")
    with Guard(Marks(marks.fd)).rows("f", collect, str) as guarded:
        assert guarded(b"die").startswith("killed its worker twice (by SIGSEGV) on this row; not")
        assert guarded(b"live") is None
    with Guard(Marks(marks.fd)).rows("g", collect, str) as guarded, pytest.raises(InterruptedError):
        guarded(b"die")


def test_a_sink_that_ended_makes_room():
    """Only so many at a time are guarded, however many there were."""
    marks = new_marks()
    assert marks is not None
    guard = Guard(marks)
    with ExitStack() as running:
        for number in range(ROW_SLOTS):
            guarded = running.enter_context(guard.rows(str(number), collect, str))
            assert guarded is not collect
        with guard.rows("one more", collect, str) as guarded:
            assert guarded is collect
    with guard.rows("one more", collect, str) as guarded:
        assert guarded is not collect
