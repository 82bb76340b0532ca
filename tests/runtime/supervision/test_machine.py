"""The supervisor's table: what each event leads to."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ekuiper.protocol.codec import encode_command
from ekuiper.protocol.messages import Command, Meta
from ekuiper.runtime.supervision.actions import Answer, Kill, Leave, Log, Send, Spawn
from ekuiper.runtime.supervision.backoff import HEALTHY
from ekuiper.runtime.supervision.machine import PATIENCE, Machine, State

OK = b"ok"


def frame(verb, kind, symbol, rule="r1"):
    meta = Meta("", "", 0) if kind == "func" else Meta(rule, "op", 0)
    return encode_command(Command(verb, kind, symbol, meta, None, {}))


SOURCE = frame("start", "source", "s")
SINK = frame("start", "sink", "k")
FUNC = frame("start", "func", "f")
STOP_SOURCE = frame("stop", "source", "s")


class Driver:
    """A machine and its clock; actions that matter, without the log."""

    def __init__(self, start_timeout: float = 300.0) -> None:
        self.machine = Machine("p.py", start_timeout)
        self.now = 0.0
        self.log: list[Log] = []

    def do(self, event, *args):
        actions = getattr(self.machine, event)(self.now, *args)
        self.log += [action for action in actions if isinstance(action, Log)]
        return [action for action in actions if not isinstance(action, Log)]

    def serving(self, *frames):
        """Serve, with these starts answered ok."""
        self.do("begin")
        self.do("ready", 300.0)
        for each in frames:
            (send,) = self.do("command", each)
            assert self.do("replied", send.number, OK) == [Answer(OK)]
        return self

    def wait(self):
        """Let the time of the next deadline come."""
        assert self.machine.deadline is not None
        self.now = max(self.now, self.machine.deadline)
        return self.do("tick")

    def live(self):
        return [key[1] for key in self.machine.starts.live]


@pytest.fixture
def driver():
    return Driver()


def sent(actions):
    return [action.frame for action in actions if isinstance(action, Send)]


def error(actions):
    (answer,) = actions
    assert answer.frame.startswith(b"error: ")
    return answer.frame.decode()


def test_the_worker_is_spawned_at_once(driver):
    """Before the host asks for anything."""
    assert driver.do("begin") == [Spawn()]
    assert driver.machine.state is State.IMPORTING


def test_a_start_is_held_while_the_worker_imports(driver):
    """And given to it when it is ready."""
    driver.do("begin")

    assert driver.do("command", SOURCE) == []
    assert driver.do("ready", 300.0) == [Send(1, SOURCE)]
    assert driver.do("replied", 1, OK) == [Answer(OK)]
    assert driver.live() == ["s"]
    assert driver.machine.deadline is None


def test_a_start_is_held_no_longer_than_its_limit():
    """The error says what takes so long."""
    driver = Driver(start_timeout=31.0)
    driver.do("begin")
    driver.do("command", SOURCE)

    assert error(driver.wait()) == "error: still importing p.py, 31 s"
    assert driver.do("ready", 300.0) == []


def test_a_stop_needs_no_worker(driver):
    """While none is ready it is forgotten, and that is all."""
    driver.serving(SOURCE)
    driver.do("died", "by SIGKILL")

    assert driver.do("command", STOP_SOURCE) == [Answer(OK)]
    assert driver.live() == []


def test_an_error_is_passed_on(driver):
    """And what failed does not run."""
    driver.serving(SOURCE)
    (send,) = driver.do("command", SOURCE)

    assert driver.do("replied", send.number, b"error: no") == [Answer(b"error: no")]
    assert driver.live() == []


def test_a_function_that_fails_to_start_again_runs_on(driver):
    """Other rules may use it: the first start holds."""
    driver.serving(FUNC)
    (send,) = driver.do("command", FUNC)
    driver.do("replied", send.number, b"error: no")

    assert driver.live() == ["f"]


def test_after_a_death_all_is_started_again(driver):
    """Sinks, then functions, then sources; the host hears nothing of it."""
    driver.serving(SOURCE, FUNC, SINK)

    assert driver.do("died", "by SIGSEGV") == []
    assert driver.wait() == [Spawn()]
    assert driver.now == 0.0
    order = sent(driver.do("ready", 300.0))
    while driver.machine.state is State.REPLAYING:
        order += sent(driver.do("replied", driver.machine._out.number, OK))
    assert order == [SINK, FUNC, SOURCE]
    assert driver.log[0].text == "worker 1 ended by SIGSEGV; starting 3 symbols again"


def test_crashes_back_off(driver):
    """0, 50 ms, ... 5 s; a new start does not wait, and a healthy minute is rewarded."""
    driver.serving(SOURCE)
    delays = []
    for _ in range(10):
        driver.do("died", "by SIGKILL")
        before = driver.now
        driver.wait()
        delays.append(round(driver.now - before, 2))
        driver.do("ready", 300.0)
        driver.do("replied", driver.machine._out.number, OK)

    assert delays == [0, 0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0]
    driver.do("died", "by SIGKILL")
    assert driver.do("command", FUNC) == [Spawn()]
    driver.do("ready", 300.0)
    driver.now += HEALTHY
    driver.do("died", "by SIGKILL")
    driver.do("cut")
    assert driver.machine.state is State.IMPORTING


def test_a_start_that_kills_is_tried_once_more(driver):
    """Then the error names the signal."""
    driver.serving()
    driver.do("command", SOURCE)

    assert driver.do("died", "by SIGSEGV") == [Spawn()]
    assert sent(driver.do("ready", 300.0)) == [SOURCE]
    assert error(driver.do("died", "by SIGSEGV")) == (
        "error: the start of source 's' in rule 'r1' (op) killed the worker (by SIGSEGV)"
    )
    assert driver.live() == []


def test_a_function_that_runs_stays_when_another_start_of_it_kills(driver):
    """Other rules use it: the next worker is given it again."""
    driver.serving(FUNC)
    driver.do("command", FUNC)
    driver.do("died", "by SIGSEGV")
    driver.do("ready", 300.0)

    assert "killed the worker" in error(driver.do("died", "by SIGSEGV"))
    driver.wait()
    assert sent(driver.do("ready", 300.0)) == [FUNC]


def test_a_stop_that_kills_is_done(driver):
    """What should stop has stopped."""
    driver.serving(SOURCE)
    driver.do("command", STOP_SOURCE)

    assert driver.do("died", "by SIGSEGV") == [Answer(OK)]
    assert driver.live() == []


def test_what_is_no_command_is_the_workers_to_refuse(driver):
    """And if it dies of it, so be it, after a second try."""
    driver.serving()

    assert driver.do("command", b"{}") == [Send(1, b"{}")]
    assert driver.do("died", "by SIGSEGV") == [Spawn()]
    driver.do("ready", 300.0)
    assert "killed the worker" in error(driver.do("died", "by SIGSEGV"))


def test_a_replay_that_kills_three_workers_is_left_out(driver):
    """The rest goes on; the next start of the host tries it again."""
    driver.serving(SOURCE, SINK)
    driver.do("died", "by SIGKILL")
    for _ in range(3):
        driver.wait()
        (send,) = driver.do("ready", 300.0)
        assert send.frame == SINK
        assert driver.do("died", "by SIGSEGV") == []
    driver.wait()

    assert sent(driver.do("ready", 300.0)) == [SOURCE]
    assert "sink 'k' in rule 'r1' (op) is left out" in driver.log[-1].text
    assert driver.live() == ["s", "k"]
    driver.do("replied", driver.machine._out.number, OK)
    assert sent(driver.do("command", SINK)) == [SINK]
    assert not driver.machine.starts.parked


def test_a_replay_during_which_calls_kill_workers_is_not_to_blame(driver):
    """Each call is refused after two deaths; only when they go on the replay is left out."""
    driver.serving(SINK)
    driver.do("died", "by SIGKILL")
    for _ in range(2):
        driver.wait()
        driver.do("ready", 300.0)
        driver.do("died", "by SIGSEGV")
    for last in (False, False, True):
        assert not driver.machine.starts.parked
        driver.wait()
        driver.do("ready", 300.0)
        driver.machine.died(driver.now, "by SIGSEGV", asked=True)
        assert bool(driver.machine.starts.parked) == last


def test_two_deaths_in_a_replay_are_forgiven(driver):
    """Only deaths in a row count."""
    driver.serving(SINK)
    driver.do("died", "by SIGKILL")
    for _ in range(4):
        for _ in range(2):
            driver.wait()
            driver.do("ready", 300.0)
            driver.do("died", "by SIGSEGV")
        driver.wait()
        (send,) = driver.do("ready", 300.0)
        driver.do("replied", send.number, OK)
        driver.do("died", "by SIGKILL")

    assert not driver.machine.starts.parked


def test_a_failed_replay_is_tried_again(driver):
    """After 1, 2, 4 ... 30 s, and it stays live."""
    driver.serving(SOURCE)
    driver.do("died", "by SIGKILL")
    driver.wait()
    actions = driver.do("ready", 300.0)
    delays = []
    for _ in range(7):
        assert sent(actions) == [SOURCE]
        assert driver.do("replied", actions[0].number, b"error: no broker") == []
        before = driver.now
        actions = driver.wait()
        delays.append(driver.now - before)

    assert delays == [1, 2, 4, 8, 16, 30, 30]
    assert "no broker" in driver.log[-1].text
    driver.do("replied", actions[0].number, OK)
    assert driver.machine.deadline is None


def test_a_stopped_symbol_is_not_tried_again(driver):
    """Nor is what the host starts itself meanwhile."""
    driver.serving(SOURCE)
    driver.do("died", "by SIGKILL")
    driver.wait()
    (send,) = driver.do("ready", 300.0)
    driver.do("replied", send.number, b"error: no broker")
    (send,) = driver.do("command", STOP_SOURCE)
    driver.do("replied", send.number, OK)

    assert driver.machine.deadline is None


def test_the_hosts_command_comes_before_the_rest_of_a_replay(driver):
    """It waits, and the replay does not mind."""
    driver.serving(SOURCE, SINK)
    driver.do("died", "by SIGKILL")
    driver.wait()
    (send,) = driver.do("ready", 300.0)
    driver.do("command", STOP_SOURCE)
    (stop,) = driver.do("replied", send.number, OK)

    assert stop.frame == STOP_SOURCE
    assert driver.do("replied", stop.number, OK) == [Answer(OK)]
    assert driver.machine.state is State.SERVING


def test_a_start_of_the_host_is_not_replayed_as_well(driver):
    """It is the same symbol, with the newer settings."""
    driver.serving(SOURCE)
    driver.do("died", "by SIGKILL")
    driver.do("command", SOURCE)
    (send,) = driver.do("ready", 300.0)

    assert driver.do("replied", send.number, OK) == [Answer(OK)]


def test_an_import_error_answers_the_start(driver):
    """At once; nothing is tried again before the next start."""
    driver.do("begin")
    driver.do("command", SOURCE)

    reason = "ModuleNotFoundError: no module named 'torhc' (p.py:1)"
    assert error(driver.do("failed", reason)) == f"error: {reason}"
    assert driver.do("died", "with exit code 1") == []
    assert driver.machine.deadline is None
    assert driver.do("command", SOURCE) == [Spawn()]


def test_an_import_error_after_service_is_tried_again(driver):
    """Rules wait for it."""
    driver.serving(SOURCE)
    driver.do("died", "by SIGKILL")
    driver.wait()
    driver.do("failed", "SyntaxError")
    driver.do("died", "with exit code 1")

    assert driver.wait() == [Spawn()]


def test_that_nothing_is_answered_until_the_script_is_mended_is_told_once(driver):
    """And the reason is there until a worker can serve, also while the next one imports."""

    def fails(reason):
        driver.wait()
        driver.do("failed", reason)
        driver.do("died", "with exit code 1")
        return driver.machine.failure

    driver.serving(FUNC)
    driver.do("died", "by SIGKILL")
    for reason in ("SyntaxError (p.py, line 3)",) * 3 + ("FileNotFoundError",):
        assert fails(reason) == reason
    driver.wait()
    found = [log.text.partition(": ") for log in driver.log if "until this is mended" in log.text]

    assert [reason for *_, reason in found] == ["SyntaxError (p.py, line 3)", "FileNotFoundError"]
    assert driver.machine.failure == "FileNotFoundError"
    driver.do("ready", 300.0)
    assert driver.machine.failure == ""


def test_a_crash_while_importing_is_not_told_as_the_last_import_error(driver):
    """Each worker for itself."""
    driver.serving(FUNC)
    driver.do("died", "by SIGKILL")
    driver.wait()
    driver.do("failed", "SyntaxError")
    driver.do("died", "with exit code 1")
    driver.wait()
    driver.do("died", "by SIGSEGV")

    assert driver.machine.failure == ""


def test_a_death_while_importing_answers_the_start(driver):
    """The second one: the first may be bad luck."""
    driver.do("begin")
    driver.do("command", SOURCE)

    assert driver.do("died", "by SIGKILL") == [Spawn()]
    assert error(driver.do("died", "by SIGKILL")) == (
        "error: the worker ended by SIGKILL while it imported p.py"
    )


def test_a_late_reply_is_dropped(driver):
    """It bears another number."""
    driver.serving(SOURCE)

    assert driver.do("replied", 99, OK) == []


def test_a_worker_that_does_not_answer_is_not_waited_for(driver):
    """The host gets an error, and a late ok is stopped again, before anything else."""
    driver.serving()
    (send,) = driver.do("command", SOURCE)

    assert "does not answer" in error(driver.wait())
    assert driver.now == PATIENCE
    assert driver.do("command", SINK) == []
    (undo,) = driver.do("replied", send.number, OK)
    assert undo.frame == STOP_SOURCE
    assert sent(driver.do("replied", undo.number, OK)) == [SINK]


def test_behind_a_worker_that_does_not_answer_the_next_commands_end():
    """Each by itself: a start with an error, a stop well; and no longer than the worker is let
    live."""
    driver = Driver(start_timeout=1.0)
    driver.do("begin")
    driver.do("ready", 1.0)
    driver.do("command", SINK)
    assert "does not answer" in error(driver.wait())
    driver.do("command", FUNC)
    assert "busy with another command" in error(driver.wait())
    driver.do("command", STOP_SOURCE)
    assert driver.wait() == [Answer(OK)]
    assert driver.now == PATIENCE + 2


def test_a_worker_that_never_answers_is_replaced(driver):
    """Author code keeps all its threads from running; what the host said meanwhile is done by the
    next one."""
    driver.serving(SOURCE)
    driver.do("command", STOP_SOURCE)
    assert driver.wait() == [Answer(OK)]
    driver.do("command", SINK)
    assert driver.wait() == [Kill()]
    assert driver.now == 2 * PATIENCE
    assert driver.machine.deadline == 300.0 + PATIENCE
    assert driver.do("died", "by SIGKILL") == [Spawn()]
    assert sent(driver.do("ready", 300.0)) == [SINK]


def test_a_cut_channel_takes_the_answer_along(driver):
    """The host sends the command again; what the worker did holds."""
    driver.serving()
    (send,) = driver.do("command", SOURCE)
    driver.do("cut")

    assert driver.do("replied", send.number, OK) == []
    assert driver.live() == ["s"]


def test_leaving_is_the_end(driver):
    """Nothing is done after it."""
    driver.serving(SOURCE)

    assert driver.do("leave", 1, "the host is gone") == [Leave(1)]
    for event in ("tick", "cut"):
        assert driver.do(event) == []
    assert driver.do("leave", 0, "again") == []
    assert driver.do("died", "by SIGKILL") == []
    assert driver.do("command", SINK) == []
    assert driver.machine.deadline is None


COMMANDS = st.tuples(
    st.just("command"),
    st.sampled_from(["start", "stop"]),
    st.sampled_from(["source", "sink", "func"]),
    st.sampled_from(["a", "b"]),
)
EVENTS = st.lists(
    st.one_of(
        COMMANDS,
        st.tuples(st.sampled_from(["ready", "fail", "ok", "error", "die", "cut", "wait", "late"])),
    ),
    max_size=80,
)


@settings(max_examples=600, deadline=None)
@given(EVENTS)
def test_whatever_happens_each_command_has_one_answer(events):
    """Never two commands at the worker, none unanswered for ever; what the host was told runs is
    kept, what it was told does not run is not."""
    world = World()
    for name, *args in events:
        getattr(world, name)(*args)
    world.calm_down()


class World:
    """A host and a worker around a machine, both by the rules, and what must always hold."""

    def __init__(self) -> None:
        self.driver = Driver(start_timeout=20.0)
        self.machine = self.driver.machine
        self.alive = self.is_ready = False
        self.at_worker: Send | None = None
        self.running: set = set()
        self.open: bytes | None = None
        self.told: dict = {}
        self.unsure: set = set()
        self.act(self.driver.do("begin"))

    def act(self, actions) -> None:
        for action in actions:
            if isinstance(action, Spawn):
                assert not self.alive
                self.alive, self.is_ready, self.at_worker = True, False, None
                self.running.clear()
            elif isinstance(action, Send):
                assert (self.alive, self.is_ready, self.at_worker) == (True, True, None)
                self.at_worker = action
            elif isinstance(action, Answer):
                assert self.open is not None, "an answer without a command"
                key, starts = key_of(self.open)
                self.told[key] = starts and action.frame == OK
                if starts and key[0] == "func" and action.frame != OK:
                    self.unsure.add(key)  # an earlier start of the function may hold
                else:
                    self.unsure.discard(key)
                self.open = None
        self.check()

    def check(self) -> None:
        live = set(self.machine.starts.live)
        for key, runs in self.told.items():
            pending = self.open is not None and key_of(self.open)[0] == key
            if key not in self.unsure and not pending:
                assert (key in live) == runs, (key, runs)
        assert self.machine.starts.parked <= live

    def command(self, verb, kind, symbol) -> None:
        if self.open is None:
            self.open = frame(verb, kind, symbol)
            self.act(self.driver.do("command", self.open))

    def ready(self) -> None:
        if self.alive and not self.is_ready:
            self.is_ready = True
            self.act(self.driver.do("ready", 20.0))

    def fail(self) -> None:
        if self.alive and not self.is_ready:
            self.act(self.driver.do("failed", "ImportError"))
            self.die()

    def ok(self, answer: bytes = OK) -> None:
        if self.alive and self.at_worker is not None:
            send, self.at_worker = self.at_worker, None
            key, starts = key_of(send.frame)
            if starts and answer == OK:
                self.running.add(key)
            elif key[0] != "func":
                self.running.discard(key)
            self.act(self.driver.do("replied", send.number, answer))

    def error(self) -> None:
        self.ok(b"error: no")

    def late(self) -> None:
        self.act(self.driver.do("replied", 0, OK))

    def die(self) -> None:
        if self.alive:
            self.alive, self.at_worker = False, None
            self.running.clear()
            self.act(self.driver.do("died", "by SIGKILL"))

    def cut(self) -> None:
        if self.open is not None:
            self.unsure.add(key_of(self.open)[0])
            self.open = None
        self.act(self.driver.do("cut"))

    def wait(self) -> None:
        if self.machine.deadline is not None:
            self.act(self.driver.wait())

    def calm_down(self) -> None:
        """From here on all goes well: every command is answered, and what shall run does."""
        for _ in range(200):
            if self.alive and not self.is_ready:
                self.ready()
            elif self.at_worker is not None:
                self.ok()
            elif self.machine.deadline is not None:
                self.wait()
            else:
                break
        assert self.open is None
        starts = self.machine.starts
        if self.alive:
            assert self.machine.state is State.SERVING
            assert self.running >= set(starts.live) - starts.parked
        else:
            assert not starts.live


def key_of(command: bytes):
    from ekuiper.runtime.supervision.orders import Order

    order = Order(command)
    return order.key, order.starts
