"""Functions: calls, answers, errors and channels."""

from __future__ import annotations

import asyncio
import json
import threading

import pytest

from ekuiper import Function, PluginConfig
from ekuiper.protocol.codec import encode_call
from ekuiper.protocol.messages import Call, CallContext, Reply

DEADLINE = 10.0


class Echo(Function):
    def exec(self, args, ctx):
        return args

    def validate(self, args):
        return "" if len(args) < 3 else "at most two"


def plugin(**functions):
    return PluginConfig("p", {}, {}, functions)


def test_exec_gets_the_arguments_and_its_result_is_sent(wire):
    """The arguments come without the context, and come back as the result."""
    host = wire(plugin(echo=Echo))
    host.function("echo")

    assert host.exec("echo", 1, "a", None, {"k": [1.5]}) == Reply(
        True, [1, "a", None, {"k": [1.5]}]
    )


def test_the_context_names_the_place_in_the_rule(wire):
    """rule, node and instance are those of the call, one context object per place."""

    class Where(Function):
        def __init__(self):
            self.seen = {}

        def exec(self, args, ctx):
            first = self.seen.setdefault(ctx.get_rule_id(), ctx)
            return [ctx.get_rule_id(), ctx.get_op_id(), ctx.get_instance_id(), first is ctx]

    host = wire(plugin(where=Where))
    host.function("where")

    assert host.exec("where", rule="r1").result == ["r1", "2_project", 0, True]
    assert host.exec("where", rule="r2").result == ["r2", "2_project", 0, True]
    assert host.exec("where", rule="r1").result == ["r1", "2_project", 0, True]


def test_contexts_do_not_grow_without_end(wire, monkeypatch):
    """A host never says that a rule is gone: the oldest contexts are let go."""
    monkeypatch.setattr("ekuiper.runtime.function.MOST_CONTEXTS", 3)
    host = wire(plugin(echo=Echo))
    host.function("echo")
    for number in range(10):
        host.exec("echo", rule=f"r{number}")

    assert len(host.symbols._functions["echo"]._contexts) == 3


def test_validate_may_accept_by_none_and_refuse_by_text(wire):
    """None and "" accept; any other text is the reason the rule is refused for."""

    class Picky(Echo):
        def validate(self, args):
            return None if args else "needs an argument"

    host = wire(plugin(picky=Picky, echo=Echo))
    host.function("picky")
    host.function("echo")

    assert host.ask("picky", "Validate", [{"Val": 1}]) == Reply(True, "")
    assert host.ask("picky", "Validate", []) == Reply(False, "needs an argument")
    assert host.ask("echo", "Validate", [1, 2]) == Reply(True, "")
    assert host.ask("echo", "Validate", [1, 2, 3]) == Reply(False, "at most two")


def test_validate_gets_a_list_where_the_host_sends_null(wire):
    """A call without arguments comes as `"arg":null`."""

    class Count(Echo):
        def validate(self, args):
            return f"{len(args)} arguments"

    host = wire(plugin(count=Count))
    exchange = host.function("count")
    exchange.send(b'{"func":"Validate","arg":null}')

    assert json.loads(exchange.recv(DEADLINE)) == {"state": False, "result": "0 arguments"}


def test_validate_that_returns_something_else_is_told_what_to_return(wire):
    """True is no reason and no acceptance."""

    class Odd(Echo):
        def validate(self, args):
            return True

    host = wire(plugin(odd=Odd))
    host.function("odd")
    reply = host.ask("odd", "Validate", [])

    assert reply.state is False
    assert "validate returned bool True; return a text" in reply.result
    assert "function 'odd' of plugin 'p'" in reply.result


@pytest.mark.parametrize("answer", [True, False, 1, None])
def test_is_aggregate_is_always_a_bool(wire, answer):
    """Anything else would make the host ask again for each rule."""

    class Agg(Echo):
        def is_aggregate(self):
            return answer

    host = wire(plugin(agg=Agg))
    host.function("agg")

    assert host.ask("agg", "IsAggregate", []) == Reply(True, bool(answer))


def test_an_object_with_exec_alone_is_a_function(wire):
    """Neither the base class nor validate and is_aggregate are needed."""

    class Bare:
        def exec(self, args, ctx):
            return 7

    host = wire(plugin(bare=Bare))
    host.function("bare")

    assert host.ask("bare", "Validate", []) == Reply(True, "")
    assert host.ask("bare", "IsAggregate", []) == Reply(True, False)
    assert host.exec("bare") == Reply(True, 7)


@pytest.mark.parametrize(
    "error", [ValueError("no"), SystemExit(3), KeyboardInterrupt(), MemoryError("big"), OSError()]
)
def test_whatever_exec_raises_is_the_error_of_that_call_alone(wire, error):
    """The reply names the type and the line; the next call works."""

    class Raises(Function):
        def exec(self, args, ctx):
            if args:
                raise error
            return "fine"

    host = wire(plugin(raises=Raises))
    host.function("raises")
    reply = host.exec("raises", 1)

    assert reply.state is False
    assert reply.result.startswith(type(error).__name__)
    assert "(test_functions.py:" in reply.result
    assert host.exec("raises") == Reply(True, "fine")


def test_a_result_without_json_form_is_an_error_naming_type_and_place(wire):
    """The rule's error says what in the result cannot be sent."""

    class Bad(Function):
        def exec(self, args, ctx):
            return {"a": [1, object()]}

    host = wire(plugin(bad=Bad))
    host.function("bad")
    reply = host.exec("bad")

    assert reply.state is False
    assert "object" in reply.result
    assert "a[1]" in reply.result.replace("['a']", "a").replace(".a", "a")


@pytest.mark.parametrize(
    "frame",
    [b"", b"\xff\xfe", b"[]", b'{"func":1}', b'{"func":"Frobnicate","arg":[]}', b"[" * 100_000],
)
def test_a_request_that_is_none_is_answered_with_an_error(wire, frame):
    """Exactly one reply to each message, whatever it was; the function goes on."""
    host = wire(plugin(echo=Echo))
    exchange = host.function("echo")
    exchange.send(frame)

    assert json.loads(exchange.recv(DEADLINE))["state"] is False
    assert host.exec("echo", 5) == Reply(True, [5])


def test_async_methods_share_one_loop_that_stays_open(wire):
    """A lock or session made in one call is good in the next."""

    class Async(Function):
        def __init__(self):
            self.loops = set()

        async def validate(self, args):
            self.loops.add(id(asyncio.get_running_loop()))

        async def exec(self, args, ctx):
            await asyncio.sleep(0)
            self.loops.add(id(asyncio.get_running_loop()))
            return len(self.loops)

        async def is_aggregate(self):
            return True

    host = wire(plugin(a=Async))
    host.function("a")

    assert host.ask("a", "Validate", []) == Reply(True, "")
    assert host.ask("a", "IsAggregate", []) == Reply(True, True)
    assert [host.exec("a").result for _ in range(3)] == [1, 1, 1]


def test_a_second_start_keeps_the_one_connection(wire):
    """A second connection would shift every later answer by one row."""
    made = []

    def factory():
        made.append(1)
        return Echo()

    host = wire(plugin(echo=factory))
    host.function("echo")

    assert host.command("start", "func", "echo") is None
    assert host.exec("echo", 1) == Reply(True, [1])
    assert len(made) == 1


def test_stop_of_a_function_leaves_it_running(wire):
    """The host never sends one; if it did, it would go on calling."""
    host = wire(plugin(echo=Echo))
    host.function("echo")

    assert host.command("stop", "func", "echo") is None
    assert host.exec("echo", 1) == Reply(True, [1])


def test_a_factory_that_raises_fails_the_start_and_may_be_tried_again(wire):
    """The rule's error says what was raised, where, and for which function."""
    attempts = []

    def factory():
        attempts.append(1)
        if len(attempts) == 1:
            raise RuntimeError("model file is missing")
        return Echo()

    host = wire(plugin(echo=factory))
    exchange = host.listen("echo")
    error = host.command("start", "func", "echo")

    assert error.startswith("error: RuntimeError: model file is missing (test_functions.py:")
    assert "function 'echo' of plugin 'p'" in error
    assert host.command("start", "func", "echo") is None
    assert exchange.recv(DEADLINE) == b"handshake"
    assert host.exec("echo", 1) == Reply(True, [1])


def test_a_class_without_exec_fails_the_start(wire):
    """The error names the class and the method to write."""

    class Empty(Function):
        pass

    host = wire(plugin(empty=Empty))
    host.listen("empty")
    error = host.command("start", "func", "empty")

    assert "Empty" in error
    assert "test_functions.py:" in error
    assert "has no method exec" in error


def test_a_start_while_nobody_listens_is_an_error(wire, monkeypatch):
    """The host opens the socket before it sends the start."""
    monkeypatch.setattr("ekuiper.runtime.symbols.FUNCTION_DIAL_TIMEOUT", 0.05)
    host = wire(plugin(echo=Echo))

    assert "func_echo.ipc" in host.command("start", "func", "echo")


def test_a_function_that_takes_too_long_to_make_is_answered_in_time(wire):
    """The host's mutex is free again; the next start finds the function made."""
    release = threading.Event()

    def factory():
        release.wait(DEADLINE)
        return Echo()

    host = wire(PluginConfig("p", {}, {}, {"slow": factory}, start_timeout=0.05))
    exchange = host.listen("slow")
    error = host.command("start", "func", "slow")
    release.set()

    assert "still being made after 0.05 s" in error
    assert exchange.recv(DEADLINE) == b"handshake"
    assert host.command("start", "func", "slow") is None
    assert host.exec("slow", 1) == Reply(True, [1])


def test_declared_functions_are_dialled_when_the_plugin_starts(wire):
    """A restarted host sends the start of one function only; the others wait at their sockets."""
    from .conftest import Wire

    config = plugin(one=Echo, two=Echo, unused=Echo)
    host = Wire(config)
    try:
        for name in ("one", "two"):
            host.listen(name)
        host.begin()
        for name in ("one", "two"):
            assert host.functions[name].recv(DEADLINE) == b"handshake"
            assert host.exec(name, name) == Reply(True, [name])
        assert host.command("start", "func", "one") is None
        assert host.exec("one", 1) == Reply(True, [1])
    finally:
        host.close()


def test_a_factory_that_raises_for_a_waiting_host_is_the_error_of_each_call(wire):
    """No start comes that could be refused; the calls say why, and heal when the factory does."""
    from .conftest import Wire

    broken = [True]

    def factory():
        if broken:
            raise OSError("no camera")
        return Echo()

    host = Wire(plugin(cam=factory))
    try:
        host.listen("cam")
        host.begin()
        assert host.functions["cam"].recv(DEADLINE) == b"handshake"
        reply = host.exec("cam", 1)
        assert reply.state is False
        assert reply.result.startswith("OSError: no camera")
        broken.clear()
        assert host.exec("cam", 1) == Reply(True, [1])
    finally:
        host.close()


def test_a_cut_connection_is_dialled_again(wire):
    """The function shakes hands anew and answers the same request."""
    host = wire(plugin(echo=Echo))
    host.function("echo").close()
    again = host.listen("echo")

    assert again.recv(DEADLINE) == b"handshake"
    assert host.exec("echo", 1) == Reply(True, [1])


def test_a_result_that_made_the_host_cut_the_connection_becomes_an_error(wire):
    """A 1.x host cuts at more than 1 MiB and asks the same again, for ever without this."""

    class Big(Function):
        def exec(self, args, ctx):
            return "x" * args[0]

    host = wire(plugin(big=Big))
    exchange = host.function("big")
    context = CallContext("r", "2_project", 0, 0)
    request = encode_call(Call("Exec", [2_000_000], context))
    exchange.send(request)
    assert len(exchange.recv(DEADLINE)) > 2_000_000
    exchange.close()
    again = host.listen("big")
    assert again.recv(DEADLINE) == b"handshake"
    again.send(request)
    reply = json.loads(again.recv(DEADLINE))

    assert reply["state"] is False
    assert "the result is 2000026 bytes long" in reply["result"]
    assert "1048576" in reply["result"]
    assert host.exec("big", 10) == Reply(True, "x" * 10)


def test_a_name_served_by_another_process_is_refused_naming_it(wire, tmp_path, monkeypatch):
    """Two connections for one name would answer each other's calls."""
    from ekuiper.runtime.locks import FunctionLock

    monkeypatch.setattr("ekuiper.runtime.symbols.LOCK_TIMEOUT", 0.05)
    taken = FunctionLock(str(tmp_path), "echo", "other")
    taken.acquire(0.0)
    host = wire(plugin(echo=Echo), locks=str(tmp_path))
    host.listen("echo")
    error = host.command("start", "func", "echo")
    taken.release()

    assert "already served by plugin 'other'" in error
    assert host.command("start", "func", "echo") is None


def test_printed_and_logged_lines_name_the_rule(wire, capfd, caplog):
    """ctx.get_logger() is a real logger, and takes what is printed to it."""
    import logging

    class Logs(Function):
        def exec(self, args, ctx):
            assert isinstance(ctx.get_logger(), logging.Logger)
            ctx.logger.warning("seen %s", args[0])
            print("printed", file=ctx.get_logger())

    host = wire(plugin(logs=Logs))
    host.function("logs")
    with caplog.at_level(logging.INFO):
        host.exec("logs", 5, rule="ru\nle")

    records = [r for r in caplog.records if getattr(r, "place", "")]
    assert [r.getMessage() for r in records] == ["seen 5", "printed"]
    assert {r.place for r in records} == {"ru\\nle/2_project/0"}


def test_a_function_outlives_trouble_on_its_channel(wire, monkeypatch, caplog):
    """Whatever the transport says, it is told once in a while and tried again."""
    from ekuiper.errors import ConnectError
    from ekuiper.runtime import function

    monkeypatch.setattr(function.time, "sleep", lambda seconds: None)
    trouble = [ConnectError("ipc:///f", 1, "no route")]
    host = wire(plugin(echo=Echo))
    first = host.function("echo")
    dialled = host.symbols._functions["echo"]._exchange
    send = dialled.send

    def once(data):
        if trouble:
            raise trouble.pop()
        send(data)

    dialled.send = once
    first.close()
    assert host.listen("echo").recv(DEADLINE) == b"handshake"
    assert host.exec("echo", 2) == Reply(True, [2])
    assert "cannot reach the host" in caplog.text


def test_a_function_closed_while_it_connects(wire):
    """The plugin ends before the dial is done: nothing is left."""
    from ekuiper.runtime.function import RunningFunction
    from ekuiper.runtime.polling import Polling
    from ekuiper.transport.memory import MemoryTransport

    transport = MemoryTransport()
    dialling, go = threading.Event(), threading.Event()

    def connect():
        dialling.set()
        go.wait(DEADLINE)
        return transport.req("ipc:///m/f.ipc")

    with transport.rep("ipc:///m/f.ipc"):
        function = RunningFunction(
            "echo", plugin(echo=Echo), connect, lambda: None, Polling(), required=False
        )
        function.start()
        dialling.wait(DEADLINE)
        function.close()
        go.set()
        function.join(DEADLINE)

    assert not function._thread.is_alive()
