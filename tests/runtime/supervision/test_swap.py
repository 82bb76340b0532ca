"""The table of reloads: what each event leads to, and that none leaves a plugin without worker."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ekuiper.runtime.supervision.actions import (
    Answer,
    Drop,
    End,
    Kill,
    Leave,
    Prepare,
    Reloaded,
    Send,
    Spawn,
    SpawnBeside,
    Switch,
)
from ekuiper.runtime.supervision.machine import State
from ekuiper.runtime.supervision.swap import PREPARE_TIMEOUT, SWITCH_TIMEOUT

from .test_machine import COMMANDS, FUNC, OK, SINK, SOURCE, STOP_SOURCE, Driver, World, key_of

NO = b"error: no"


@pytest.fixture
def driver():
    return Driver()


def reload(driver, *, replace: bool = False):
    actions = driver.machine.reload(driver.now, replace=replace)
    driver.log += [action for action in actions if type(action).__name__ == "Log"]
    return [action for action in actions if type(action).__name__ != "Log"]


def prepared(driver):
    """Reload, and answer well until it switches: what is prepared, and the switch."""
    assert reload(driver) == [SpawnBeside()]
    actions = driver.do("next_ready", 300.0)
    frames = []
    while isinstance(actions[0], Prepare):
        frames.append(actions[0].frame)
        actions = driver.do("next_replied", actions[0].number, OK)
    (switch,) = actions
    return frames, switch


def test_what_runs_is_prepared_then_handed_over(driver):
    """Sinks, then functions, then sources; then the new worker serves."""
    driver.serving(SOURCE, FUNC, SINK)
    frames, switch = prepared(driver)

    assert frames == [SINK, FUNC, SOURCE]
    assert len(switch.numbers) == 3
    assert driver.machine.state is State.SWITCHING
    assert driver.do("switched", {}) == [Reloaded(None)]
    assert (driver.machine.state, driver.machine.generation) == (State.SERVING, 2)
    assert driver.live() == ["s", "f", "k"]
    assert driver.machine.deadline is None


def test_with_nothing_to_prepare_it_switches_at_once(driver):
    """When the new worker is ready."""
    driver.serving()

    assert prepared(driver) == ([], Switch([]))


@pytest.mark.parametrize(
    ("event", "args", "reason"),
    [
        ("next_failed", ("SyntaxError",), "SyntaxError"),
        ("next_died", ("by SIGSEGV",), "the new worker ended by SIGSEGV while it imported p.py"),
    ],
)
def test_an_import_that_fails_changes_nothing(driver, event, args, reason):
    """The new worker goes, the old one serves on."""
    driver.serving(SOURCE)
    reload(driver)

    assert driver.do(event, *args) == [Drop(), Reloaded(reason)]
    assert (driver.machine.state, driver.machine.generation) == (State.SERVING, 1)
    assert driver.machine.deadline is None
    assert driver.do("command", SINK)


def test_a_start_that_cannot_be_prepared_changes_nothing(driver):
    """Nor does one that kills the new worker, or that takes too long."""
    driver.serving(SOURCE, SINK)
    for event, reason in (
        ("replied", "sink 'k' in rule 'r1' (op): no"),
        ("died", "the new worker ended by SIGSEGV while it was prepared"),
        ("late", "sink 'k' in rule 'r1' (op) was not prepared in time"),
    ):
        reload(driver)
        (prepare,) = driver.do("next_ready", 300.0)
        if event == "replied":
            actions = driver.do("next_replied", prepare.number, NO)
        elif event == "died":
            actions = driver.do("next_died", "by SIGSEGV")
        else:
            before = driver.now
            actions = driver.wait()
            assert driver.now - before == PREPARE_TIMEOUT
        assert actions == [Drop(), Reloaded(reason)]
        assert driver.machine.state is State.SERVING


def test_an_import_has_its_limit(driver):
    """That of starts."""
    driver.serving()
    reload(driver)

    assert driver.wait() == [Drop(), Reloaded("still importing p.py, 300 s")]


def test_commands_of_the_host_go_on_meanwhile(driver):
    """What it starts is prepared too, what it stops is not handed over."""
    driver.serving(SOURCE)
    reload(driver)
    (send,) = driver.do("command", SINK)
    (prepare,) = driver.do("next_ready", 300.0)
    assert prepare.frame == SOURCE
    assert driver.do("next_replied", prepare.number, OK) == []  # the old worker is at a command
    answer, prepare = driver.do("replied", send.number, OK)
    assert (answer, prepare.frame) == (Answer(OK), SINK)
    (stop,) = driver.do("command", STOP_SOURCE)
    assert driver.do("next_replied", prepare.number, OK) == []
    answer, switch = driver.do("replied", stop.number, OK)

    assert (answer, switch) == (Answer(OK), Switch([prepare.number]))


def test_a_start_that_is_started_anew_is_prepared_anew(driver):
    """With its new settings; the first is dropped."""
    driver.serving(SOURCE)
    reload(driver)
    (first,) = driver.do("next_ready", 300.0)
    (send,) = driver.do("command", SOURCE)
    driver.do("next_replied", first.number, OK)
    _, second = driver.do("replied", send.number, OK)
    (switch,) = driver.do("next_replied", second.number, OK)

    assert switch == Switch([second.number])


def test_while_it_hands_over_commands_wait(driver):
    """The new worker is given them."""
    driver.serving(SOURCE)
    prepared(driver)
    assert driver.do("command", SINK) == []
    done, send = driver.do("switched", {})

    assert (done, send.frame) == (Reloaded(None), SINK)


def test_what_could_not_be_taken_is_tried_again(driver):
    """Like a start that failed in a replay."""
    driver.serving(SOURCE)
    _, switch = prepared(driver)
    assert driver.do("switched", {switch.numbers[0]: "nobody listens"}) == [Reloaded(None)]
    assert "no start, again in 1 s: nobody listens" in driver.log[-1].text
    (send,) = driver.wait()

    assert send.frame == SOURCE


def test_what_does_not_run_is_no_hindrance(driver):
    """A start that waits for its next try is not prepared, and tried again after it."""
    driver.serving(SOURCE)
    driver.do("died", "by SIGKILL")
    driver.wait()
    (send,) = driver.do("ready", 300.0)
    driver.do("replied", send.number, NO)

    assert prepared(driver) == ([], Switch([]))
    driver.do("switched", {})
    (send,) = driver.wait()
    assert send.frame == SOURCE


def test_what_was_left_out_has_another_chance(driver):
    """The code is new."""
    driver.serving(SINK)
    driver.do("died", "by SIGKILL")
    for _ in range(3):
        driver.wait()
        driver.do("ready", 300.0)
        driver.do("died", "by SIGSEGV")
    driver.wait()
    driver.do("ready", 300.0)
    assert driver.machine.starts.parked
    prepared(driver)
    driver.do("switched", {})

    assert not driver.machine.starts.parked
    assert driver.wait()[0].frame == SINK


def test_the_old_worker_dies_before_the_new_one_is_ready(driver):
    """As ever: a next one starts all; the new one, half ready, goes."""
    driver.serving(SOURCE)
    reload(driver)
    drop, told = driver.do("died", "by SIGKILL")
    assert drop == Drop()
    assert told.error == "the worker ended by SIGKILL meanwhile; the next one has the new code"

    assert driver.wait() == [Spawn()]
    assert driver.do("ready", 300.0)[0].frame == SOURCE


def test_the_new_worker_dies_while_it_takes_over(driver):
    """It is the worker: a next one starts all, and the old one has to go."""
    driver.serving(SOURCE)
    prepared(driver)
    drop, told = driver.do("died", "by SIGSEGV")

    assert drop == Drop()
    assert "the new worker ended by SIGSEGV" in told.error
    assert driver.wait() == [Spawn()]
    assert driver.do("ready", 300.0)[0].frame == SOURCE


def test_a_hand_over_without_end_is_ended(driver):
    """By killing the new worker, too; all that ran is started again."""
    driver.serving(SOURCE)
    prepared(driver)
    before = driver.now

    assert driver.wait() == [Drop(), Kill()]
    assert driver.now - before == SWITCH_TIMEOUT
    driver.do("died", "by SIGKILL")
    assert driver.wait() == [Spawn()]


def test_one_after_the_other(driver):
    """With `replace` the old one ends first; that is no death."""
    driver.serving(SOURCE)
    assert reload(driver, replace=True) == [End()]
    assert driver.machine.ending
    assert driver.do("command", SINK) == []
    assert driver.do("died", "with exit code 0") == [Spawn()]
    told, send = driver.do("ready", 300.0)

    assert (told, send.frame) == (Reloaded(None), SINK)
    assert driver.log == []


def test_after_a_failed_import_a_reload_is_a_start(driver):
    """Of the only worker: its failure is the answer."""
    driver.do("begin")
    driver.do("failed", "ImportError")
    driver.do("died", "with exit code 1")
    assert reload(driver) == [Spawn()]
    assert driver.do("failed", "SyntaxError") == [Reloaded("SyntaxError")]
    driver.do("died", "with exit code 1")
    assert reload(driver) == [Spawn()]

    assert driver.do("ready", 300.0) == [Reloaded(None)]


def test_one_at_a_time(driver):
    """Who comes too early is told what the worker is at; one that is prepared gives way."""
    driver.do("begin")
    assert reload(driver) == [Reloaded("the worker is still importing; try again")]
    driver.do("ready", 300.0)
    reload(driver)
    assert reload(driver) == [Drop(), SpawnBeside()]
    driver.do("next_ready", 300.0)
    assert driver.machine.state is State.SWITCHING
    assert reload(driver) == [Reloaded("the worker is being reloaded already; try again")]


def test_what_comes_too_late_is_no_news(driver):
    """Of a worker that was dropped, or of one that has switched."""
    driver.serving(SOURCE)
    for event, args in (
        ("next_ready", (300.0,)),
        ("next_failed", ("x",)),
        ("next_replied", (1, OK)),
        ("next_died", ("x",)),
        ("switched", ({},)),
    ):
        assert driver.do(event, *args) == []
    prepared(driver)
    assert driver.do("next_failed", "x") == driver.do("next_died", "x") == []
    assert driver.do("leave", 0, "told to") == [Leave(0)]
    assert driver.do("switched", {}) == []


EVENTS = st.lists(
    st.one_of(
        COMMANDS,
        st.tuples(st.sampled_from(["ready", "fail", "ok", "error", "die", "cut", "wait"])),
        st.tuples(st.sampled_from(["reload", "replace"])),
        st.tuples(
            st.sampled_from(["next_ready", "next_fail", "next_ok", "next_error", "next_die"])
        ),
        st.tuples(st.just("taken"), st.booleans()),
    ),
    max_size=80,
)


@settings(max_examples=600, deadline=None)
@given(EVENTS)
def test_whatever_happens_in_a_reload_nothing_is_forgotten(events):
    """Each command has one answer, each reload one result, and what the host was told runs does, in
    the one worker that is left."""
    world = TwoWorkers()
    for name, *args in events:
        getattr(world, name)(*args)
    world.calm_down()


class TwoWorkers(World):
    """A world in which there may be one more worker."""

    def __init__(self) -> None:
        self.next = self.next_is_ready = False
        self.at_next: Prepare | None = None
        self.next_running: dict = {}
        self.taking: list[int] | None = None
        self.reloading = self.told_to_end = False
        super().__init__()

    def act(self, actions) -> None:
        for action in actions:
            if isinstance(action, SpawnBeside):
                assert self.alive
                assert not self.next
                self.next, self.next_is_ready, self.at_next = True, False, None
                self.next_running = {}
            elif isinstance(action, Prepare):
                assert (self.next, self.next_is_ready, self.at_next) == (True, True, None)
                self.at_next = action
            elif isinstance(action, Switch):
                assert self.alive
                assert self.next_is_ready
                self.next = False
                self.taking = action.numbers
                self.at_worker = None
            elif isinstance(action, Drop):
                self.next, self.at_next = False, None
            elif isinstance(action, End):
                self.told_to_end = True
            elif isinstance(action, Reloaded):
                assert self.reloading, "a result without a reload"
                self.reloading = False
            elif isinstance(action, Spawn):
                self.told_to_end, self.taking = False, None
                super().act([action])
            elif isinstance(action, Send):
                assert self.taking is None
                super().act([action])
            elif isinstance(action, Kill):
                self.killed = True
            else:
                super().act([action])
        self.check()

    def reload(self, replace: bool = False) -> None:
        if not self.reloading:
            self.reloading = True
            self.act(self.driver.machine.reload(self.driver.now, replace=replace))

    def replace(self) -> None:
        self.reload(replace=True)

    def next_ready(self) -> None:
        if self.next and not self.next_is_ready:
            self.next_is_ready = True
            self.act(self.driver.do("next_ready", 20.0))

    def next_fail(self) -> None:
        if self.next and not self.next_is_ready:
            self.act(self.driver.do("next_failed", "SyntaxError"))

    def next_ok(self, answer: bytes = OK) -> None:
        if self.next and self.at_next is not None:
            prepare, self.at_next = self.at_next, None
            if answer == OK:
                self.next_running[prepare.number] = key_of(prepare.frame)[0]
            self.act(self.driver.do("next_replied", prepare.number, answer))

    def next_error(self) -> None:
        self.next_ok(NO)

    def next_die(self) -> None:
        if self.next:
            self.next = False
            self.at_next = None
            self.act(self.driver.do("next_died", "by SIGSEGV"))

    def taken(self, well: bool = True) -> None:
        if self.taking is not None:
            numbers, self.taking = self.taking, None
            failed = {} if well else dict.fromkeys(numbers[:1], "no")
            self.running = {self.next_running[n] for n in numbers if n not in failed}
            self.act(self.driver.do("switched", failed))

    def ok(self, answer: bytes = OK) -> None:
        if self.taking is None and not self.told_to_end:
            super().ok(answer)

    def die(self) -> None:
        self.taking = None
        super().die()

    def calm_down(self) -> None:
        for _ in range(400):
            if self.next and not self.next_is_ready:
                self.next_ready()
            elif self.at_next is not None:
                self.next_ok()
            elif self.taking is not None:
                self.taken()
            elif self.told_to_end:
                self.die()
            elif self.alive and not self.is_ready:
                self.ready()
            elif self.at_worker is not None:
                self.ok()
            elif self.machine.deadline is not None:
                self.wait()
            else:
                break
        assert not self.next
        assert not self.reloading
        assert self.machine.swap is None
        super().calm_down()


def test_when_the_main_thread_of_the_worker_hears(driver):
    """While it has no command, and until it hands over; also while another one is prepared."""
    driver.serving()
    assert driver.machine.hears
    (send,) = driver.do("command", SOURCE)
    assert not driver.machine.hears
    driver.do("replied", send.number, OK)
    reload(driver)
    assert driver.machine.hears
    (prepare,) = driver.do("next_ready", 300.0)
    assert driver.machine.hears
    driver.do("next_replied", prepare.number, OK)
    assert driver.machine.state is State.SWITCHING
    assert not driver.machine.hears
    driver.do("switched", {})
    assert driver.machine.hears
