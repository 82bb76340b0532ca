"""End to end: a plugin's process under a host made of pynng sockets, on either transport.

At the host's end is real nng, so what is true here does not rest on our own framing at both ends.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

pytest.importorskip("pynng", reason="needs pynng: pip install pynng")

from ..downstream.installed import PLUGINS, Installed, Sdk
from ..downstream.nng_host import NngHost, Sink
from ..downstream.rig import Reply
from .polling import eventually

TRANSPORTS = ("ipc", "nng")
ODD_IDS = ["with space", "quo'te\"d", "$$subtopo_demo", "grün☃", "a.b?c#d%20", "a:b;c&d|e"]

Start = Callable[..., NngHost]


@pytest.fixture(params=TRANSPORTS, scope="module")
def sdk(request: pytest.FixtureRequest) -> Sdk:
    """This package, on one transport."""
    env = {"EKUIPER_TRANSPORT": request.param}
    return Sdk(request.param, Path(sys.executable), confined=True, env=env)


def starter(sdk: Sdk, stack: ExitStack) -> Start:
    def start(plugin: str, **env: str) -> NngHost:
        installed = stack.enter_context(Installed(sdk, PLUGINS / f"{plugin}.py", env=env))
        return stack.enter_context(NngHost(installed))

    return start


@pytest.fixture(scope="module")
def running(sdk: Sdk) -> Iterator[dict[str, NngHost]]:
    """Plugins that leave a test as they were, for all tests."""
    with ExitStack() as stack:
        start = starter(sdk, stack)
        yield {name: start(name) for name in ("plain", "rough")}


@pytest.fixture
def plain(running: dict[str, NngHost]) -> NngHost:
    running["plain"].plugin.journal.clear()
    return running["plain"]


@pytest.fixture
def rough(running: dict[str, NngHost]) -> NngHost:
    running["rough"].plugin.journal.clear()
    return running["rough"]


@pytest.fixture
def start(sdk: Sdk) -> Iterator[Start]:
    """Starts a plugin for one test."""
    with ExitStack() as stack:
        yield starter(sdk, stack)


def test_the_transport_is_the_one_chosen(plain: NngHost, sdk: Sdk) -> None:
    """EKUIPER_TRANSPORT=nng loads nng into the plugin's process, ipc does not."""
    plain.function("echo")  # the worker is there
    mapped = "".join(Path(f"/proc/{pid}/maps").read_text() for pid in tree(plain.pid))
    assert ("nng" in mapped) == (sdk.name == "nng")


class TestFunctions:
    def test_calls_and_their_answers_stay_together(self, plain: NngHost) -> None:
        """2,000 calls of two functions in turn: each gets its own answer."""
        echo, add = plain.function("echo"), plain.function("add")
        for number in range(1000):
            assert echo.exec(number) == Reply(True, number)
            assert add.exec(number, number) == Reply(True, 2 * number)

    def test_large_values(self, plain: NngHost) -> None:
        """Requests and answers of many megabytes arrive whole."""
        echo = plain.function("echo")
        for size in (0, 1, 65_535, 65_536, 1 << 20, 12_000_000):
            text = "x" * (size - 1) + "y"
            assert echo.exec(text).result == text

    def test_nonsense_gets_an_answer(self, plain: NngHost) -> None:
        """What is no request is answered with an error, once, and the next call works."""
        echo = plain.function("echo")
        for frame in (b"", b"\xff\xfe", b"[]", b'{"func":"Nope","arg":[]}', b"[" * 10_000):
            answer = json.loads(echo.ask(frame) or b"null")
            assert answer["state"] is False
            assert answer["result"]
            assert echo.exec(1) == Reply(True, 1)

    def test_a_late_answer_is_still_given(self, rough: NngHost) -> None:
        """A call that the host gave up gets its one answer, which the host throws away; the next
        call gets its own."""
        takes = rough.function("takes")
        assert takes.exec(0.3, "late", timeout=0.05) == Reply(False, "time out")
        assert takes.exec(0, "next") == Reply(True, "next")

    def test_slow_calls_do_not_hold_up_others(self, rough: NngHost) -> None:
        """Functions run beside each other."""
        takes, bare = rough.function("takes"), rough.function("bare")
        answers: list[Reply] = []
        slow = threading.Thread(target=lambda: answers.append(takes.exec(0.5, "slow")))
        slow.start()
        assert all(bare.exec(number).result == number for number in range(50))
        assert not answers
        slow.join()
        assert answers == [Reply(True, "slow")]

    def test_a_lost_connection_is_dialled_again(self, start: Start) -> None:
        """The host's socket of a function goes and comes back: the next call is answered."""
        function = start("rough").function("bare")
        for round_ in range(3):
            assert function.exec(round_) == Reply(True, round_)
            function.listen_again()


class TestSources:
    def test_rows_in_order(self, rough: NngHost) -> None:
        """5,000 rows arrive, each once, in order."""
        source = rough.source("flood", count=5000)
        rows = [source.recv()["message"]["n"] for _ in range(5000)]
        source.stop()
        assert rows == list(range(5000))

    def test_large_rows(self, plain: NngHost) -> None:
        """Rows of many megabytes arrive whole, with small ones between them."""
        rows = [{"t": "x" * 6_000_000}, {"t": ""}, {"t": "y" * 6_000_000}]
        source = plain.source("rows", rows=rows)
        got = [source.recv()["message"] for _ in rows]
        source.stop()
        assert got == rows

    def test_back_pressure(self, rough: NngHost) -> None:
        """While the host takes nothing a source waits, longer than a second, and loses nothing."""
        source = rough.source("flood", count=3000)
        assert rough.plugin.journal.until("raised", "acted", timeout=1.3) == ""
        rows = [source.recv()["message"]["n"] for _ in range(3000)]
        source.stop()
        assert rows == list(range(3000))

    def test_a_stop_ends_a_source_that_waits(self, rough: NngHost) -> None:
        """A source blocked in `emit` is stopped at once; `emit` raises ChannelClosedError."""
        source = rough.source("flood", count=100_000)
        assert rough.plugin.journal.until("raised", "acted", timeout=0.3) == ""
        source.stop()
        (raised,) = rough.plugin.journal.wait("raised")[0]
        assert raised.startswith("ChannelClosedError")

    def test_errors_are_strings(self, rough: NngHost) -> None:
        """What a source reports is a bare JSON string, which no host takes for a row."""
        source = rough.source("reports")
        assert source.recv() == "sensor 7 is silent"
        source.stop()

    @pytest.mark.parametrize("rule", ODD_IDS)
    def test_odd_ids(self, plain: NngHost, rule: str) -> None:
        """Ids are file names as they are, and reach the author unchanged."""
        source = plain.source("rows", rule=rule, rows=[{"a": 1}])
        assert source.recv()["message"] == {"a": 1}
        assert plain.plugin.journal.wait("open")[0][0] == plain.plugin.marked(rule)
        source.stop()

    def test_ids_that_are_no_file_names(self, plain: NngHost) -> None:
        """`/`, `..` and NUL in an id, and a path that is too long, are errors of the start."""
        symbol = plain.plugin.marked("rows")
        for rule in ("a/b", "..", "a\0b", "x" * 120):
            answer = plain.command("start", "source", symbol, (rule, "demo", 0))
            assert answer.startswith("error: "), rule
            assert "ipc://" in answer


class TestSinks:
    def test_messages_in_order(self, rough: NngHost) -> None:
        """5,000 messages arrive, each once, in order, though nobody asked for the acks given."""
        sink = rough.sink("tally")
        for number in range(5000):
            assert sink.send(str(number).encode(), timeout=10.0)
        got = rough.plugin.journal.wait("collect", 5000, timeout=30.0)
        sink.stop()
        assert got == [[str(number)] for number in range(5000)]

    def test_any_bytes(self, plain: NngHost) -> None:
        """Messages of no bytes, of any bytes and of many megabytes arrive whole."""
        messages = [b"", bytes(range(256)), b"h", b"z" * 6_000_000, b"", b"last"]
        sink = plain.sink("keep")
        for message in messages:
            assert sink.send(message, timeout=10.0)
        got = plain.plugin.journal.wait("collect", len(messages))
        sink.stop()
        assert got == [["bytes", message.hex()] for message in messages]

    def test_acks(self, rough: NngHost) -> None:
        """With `requireAck` each message gets one ack, in order: the author's, or else ours."""
        verdicts = ["ok", [r"ValueError: cannot take it"], "ok"]
        for name in ("picky", "mute"):
            sink = rough.sink(name, requireAck=True)
            acks = []
            for message in (b"good", b"bad", b"good"):
                assert sink.send(message)
                acks.append(sink.ack())
            assert sink.ack(timeout=0.2) is None
            sink.stop()
            assert [ack if ack == "ok" else [ack[0].partition(" (")[0]] for ack in acks] == verdicts

    def test_a_lost_host_comes_back(self, rough: NngHost) -> None:
        """The host's connection goes and comes back: messages go on, the sink stays open."""
        sink = rough.sink("tally")
        for round_ in range(3):
            assert sink.send(str(round_).encode())
            rough.plugin.journal.wait("collect", round_ + 1)
            sink.disconnect()
            sink.connect()
        sink.stop()
        assert len(rough.plugin.journal.told("open")) == 1

    def test_a_silent_stranger(self, rough: NngHost) -> None:
        """A peer that connects and says nothing, or nonsense, holds up nobody."""
        sink = rough.sink("tally")
        with ExitStack() as stack:
            for said in (b"", b"GET / HTTP/1.1\r\n\r\n", b"\0SP\0\0\x50\0\0\x01\xff\xff"):
                stranger = stack.enter_context(socket.socket(socket.AF_UNIX))
                stranger.connect(sink.url.removeprefix("ipc://"))
                stranger.sendall(said)
            assert sink.send(b"row")
            assert rough.plugin.journal.wait("collect") == [["row"]]
        sink.stop()

    def test_the_socket_is_private(self, rough: NngHost) -> None:
        """Nobody but the user who runs the plugin can connect to a sink."""
        sink = rough.sink("tally")
        mode = os.stat(sink.url.removeprefix("ipc://")).st_mode
        sink.stop()
        assert mode & 0o077 == 0


class TestLifetimes:
    def test_starts_and_stops_leave_nothing(self, rough: NngHost) -> None:
        """25 rounds of a source and a sink leave no descriptor, thread or socket file behind."""

        def round_() -> None:
            source, sink = rough.source("shares", own="a"), rough.sink("tally", requireAck=True)
            assert source.recv()["message"] == {"own": "a"}
            assert sink.send(b"row")
            assert sink.ack() == "ok"
            sink.stop()
            source.stop()

        for _ in range(3):
            round_()
        before = held(rough)
        for _ in range(25):
            round_()

        def more() -> list[object]:
            return [now for now, then in zip(held(rough), before, strict=True) if now > then]

        eventually(lambda: not more(), f"nothing is left; before: {before}")

    def test_a_cut_control_connection(self, start: Start) -> None:
        """The host's control socket goes and comes back: a handshake, then commands work, and what
        ran goes on."""
        host = start("rough")
        source = host.source("flood", count=2)
        assert source.recv()["message"]["n"] == 0
        host.listen_again()
        assert host.receive(10.0) == b"handshake"
        assert host.function("bare").exec("again") == Reply(True, "again")
        assert source.recv()["message"]["n"] == 1
        source.stop()

    def test_functions_answer_after_a_restart(self, start: Start) -> None:
        """Killed and spawned again, a plugin answers on every function channel the host has, though
        the host starts none of them again; sockets it left behind are no obstacle."""
        host = start("rough")
        functions = [host.function(name) for name in ("bare", "counts", "takes")]
        sink = host.sink("tally")
        assert [function.exec(0, 1).state for function in functions] == [True] * 3
        host.signal(signal.SIGKILL)
        assert host.ended() == -signal.SIGKILL
        assert host.spawn() == b"handshake"
        assert [function.exec(0, 2).state for function in functions] == [True] * 3
        assert sink.tell("start") == "ok"
        sink.connect()
        assert sink.send(b"row")
        assert host.plugin.journal.wait("collect") == [["row"]]
        sink.stop()

    def test_an_idle_plugin_says_nothing(self, rough: NngHost) -> None:
        """No keepalive on control or function channels: some hosts take it for an answer."""
        function = rough.function("bare")
        assert function.exec(1).state
        assert rough.control.recv(0.5) is None
        assert function.unasked(0.1) is None

    @pytest.mark.parametrize("busy", [False, True], ids=["idle", "busy"])
    def test_sigterm(self, start: Start, busy: bool) -> None:
        """SIGTERM closes what runs and ends the plugin with 0; its sockets are gone."""
        host = start("rough")
        sink = host.sink("tally")
        source = host.source("flood", count=100_000 if busy else 1)
        source.recv()
        host.signal(signal.SIGTERM)
        assert host.ended() == 0
        assert sorted(map(len, host.plugin.journal.wait("close", 2))) == [0, 1]
        assert not os.path.exists(sink.url.removeprefix("ipc://"))

    def test_nonsense_commands(self, rough: NngHost) -> None:
        """What is no command is answered with one error, and the next command works."""
        for frame in (b"", b"\xff", b"{}", b'{"cmd":"start","arg":"{"}', b"[" * 10_000, b"ok"):
            answer = rough.ask(frame)
            assert answer.startswith("error: ")
            assert len(answer) <= 4096
        source = rough.source("shares", own="a")
        assert source.recv()["message"] == {"own": "a"}
        source.stop()

    def test_the_log(self, start: Start) -> None:
        """An undisturbed run logs no warning and no error."""
        host = start("plain")
        assert host.function("echo").exec(1).state
        sink: Sink = host.sink("keep")
        assert sink.send(b"row")
        host.plugin.journal.wait("collect")
        sink.stop()
        host.signal(signal.SIGTERM)
        assert host.ended() == 0
        log = host.plugin.logged()
        assert "started sink 'keep' of plugin 'plain'" in log
        assert not [line for line in log.splitlines() if "WARNING" in line or "ERROR" in line]


def held(host: NngHost) -> tuple[int, int, list[str]]:
    """How many descriptors and threads the plugin has, and which files are among its sockets."""
    processes = [Path(f"/proc/{pid}") for pid in tree(host.pid)]
    files = sorted(path.name for path in host.plugin.sockets.iterdir() if path.is_socket())
    descriptors, threads = (
        sum(len(list((process / kind).iterdir())) for process in processes)
        for kind in ("fd", "task")
    )
    return descriptors, threads, files


def tree(pid: int) -> list[int]:
    """The process and its descendants: a supervisor and its worker."""
    found = [pid]
    for each in found:
        for task in Path(f"/proc/{each}/task").iterdir():
            found += map(int, (task / "children").read_text().split())
    return found
