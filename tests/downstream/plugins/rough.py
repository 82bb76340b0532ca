"""A plugin that does what authors do, and what the official package does not survive."""

import datetime
import decimal
import gc
import threading

from notes import MARK, marked, note

from ekuiper import Context, Function, PluginConfig, Sink, Source, plugin


class Bare(Function):
    """Leaves `validate` and `is_aggregate` to the base class."""

    def exec(self, args, ctx):
        return args[0]


class Silent(Bare):
    """Validates as one does in Python: raises, or says nothing."""

    def validate(self, args):
        if len(args) > 1:
            raise ValueError("one argument at most")

    def is_aggregate(self):
        return None


class Counts(Bare):
    def validate(self, args):
        return "" if len(args) == 0 else f"takes no arguments, not {len(args)}"


class Nan(Bare):
    def exec(self, args, ctx):
        return [float(arg) for arg in args]


class Raw(Bare):
    def exec(self, args, ctx):
        return bytes(args[0])


STAMPS = {
    "datetime": datetime.datetime(2024, 5, 6, 7, 8, 9, tzinfo=datetime.timezone.utc),
    "date": datetime.date(2024, 5, 6),
    "decimal": decimal.Decimal("0.10"),
    "set": {1, 2},
}


class Stamp(Bare):
    def exec(self, args, ctx):
        return STAMPS[args[0]]


class Logs(Bare):
    """Uses what `get_logger` is annotated to return."""

    def exec(self, args, ctx):
        ctx.get_logger().info("logged %s", args[0])
        return "logged"


class Logger(Bare):
    def exec(self, args, ctx):
        ctx.logger.warning("logged %s", args[0])
        print("printed", args[0], file=ctx.get_logger())
        return "logged"


class Quits(Bare):
    def exec(self, args, ctx):
        if args[0] == "exit":
            raise SystemExit(3)
        if args[0] == "interrupt":
            raise KeyboardInterrupt
        return args[0]


class Boom(Bare):
    def exec(self, args, ctx):
        raise ValueError(f"no {args[0]}")


class Acks(Bare):
    """Does what only a sink may do."""

    def exec(self, args, ctx):
        ctx.ack_ok()


class Places(Bare):
    """How many contexts are kept."""

    def exec(self, args, ctx):
        if args != ["count"]:
            return None
        return sum(isinstance(thing, Context) for thing in gc.get_objects())


class Missing(Function):
    """Forgets `exec`."""


class Thread(Bare):
    """Where the object was made."""

    def __init__(self):
        self.made_in = threading.current_thread() is threading.main_thread()

    def exec(self, args, ctx):
        return self.made_in


class Takes(Bare):
    """Returns the second argument, after as many seconds as the first says."""

    def exec(self, args, ctx):
        threading.Event().wait(args[0])
        return args[1]


class Waits(Source):
    """Does `act`, then waits until it is closed."""

    def configure(self, datasource, conf):
        self.conf = conf
        self.closed = threading.Event()

    def open(self, ctx):
        try:
            self.act(ctx)
        except Exception as error:
            note("raised", f"{type(error).__name__}: {error}")
            raise
        note("acted")
        self.closed.wait(10)

    def act(self, ctx):
        pass

    def close(self, ctx):
        note("close", self.conf.get("own"))
        self.closed.set()


class Ask(Waits):
    def configure(self, datasource, conf):
        super().configure(datasource, conf)
        main = threading.current_thread() is threading.main_thread()
        note("configure", datasource, "main thread" if main else "own thread")
        note("stopAt", conf.get("stopAt"))


class Ends(Waits):
    """Emits a row and ends, as `how` says."""

    def open(self, ctx):
        ctx.emit({"n": 1}, {})
        if self.conf["how"] == "raise":
            raise ConnectionError("the wire was cut")
        if self.conf["how"] == "exit":
            raise SystemExit


class Reports(Waits):
    def act(self, ctx):
        ctx.emit_error("sensor 7 is silent")


ODD = {
    "nan": ({"v": float("nan"), "w": [float("inf")]}, {}),
    "bytes": ({"v": b"\x00\x01"}, {}),
    "datetime": ({"v": STAMPS["datetime"]}, {}),
    "list": ([{"v": 1}], {}),
    "object": ({"v": threading.Event()}, {}),
    "surrogate": ({"v": "a\udc80b"}, {}),
}


class Odd(Waits):
    """Emits one odd row, then a good one."""

    def act(self, ctx):
        if self.conf["what"] == "no meta":
            ctx.emit({"v": 1})
        else:
            ctx.emit(*ODD[self.conf["what"]])
        ctx.emit({"v": "good"}, {})


class Flood(Waits):
    def act(self, ctx):
        for number in range(self.conf["count"]):
            ctx.emit({"n": number, "padding": "x" * 1000}, {})


class Shares(Waits):
    """Tells which of two places it is."""

    def act(self, ctx):
        ctx.emit({"own": self.conf["own"]}, {})


class Tally(Sink):
    """Acknowledges every row, asked for or not, as the official example does."""

    def configure(self, conf):
        self.conf = conf

    def open(self, ctx):
        note("open")

    def collect(self, ctx, data):
        self.take(ctx, data)
        note("collect", data.decode())
        ctx.ack_ok()

    def take(self, ctx, data):
        pass

    def close(self, ctx):
        note("close")


class Late(Tally):
    """Is ready at the second attempt."""

    attempts = 0

    def open(self, ctx):
        Late.attempts += 1
        if Late.attempts == 1:
            raise ConnectionError("the database is down")
        note("open")


class Picky(Tally):
    def take(self, ctx, data):
        if data == b"bad":
            raise ValueError("cannot take it")


class Slow(Tally):
    """Opens until it is closed."""

    def configure(self, conf):
        self.closed = threading.Event()

    def open(self, ctx):
        note("opening")
        self.closed.wait(10)

    def close(self, ctx):
        note("close")
        self.closed.set()


class Breaks(Tally):
    def close(self, ctx):
        note("close")
        raise OSError("cannot flush")


class Mute(Tally):
    """Acknowledges nothing."""

    def collect(self, ctx, data):
        note("collect", data.decode())
        self.take(ctx, data)

    take = Picky.take


FUNCTIONS = {
    "bare": Bare,
    "silent": Silent,
    "counts": Counts,
    "nan": Nan,
    "raw": Raw,
    "stamp": Stamp,
    "logs": Logs,
    "logger": Logger,
    "quits": Quits,
    "boom": Boom,
    "acks": Acks,
    "places": Places,
    "missing": Missing,
    "thread": Thread,
    "takes": Takes,
}
SOURCES = {
    "ask": Ask,
    "ends": Ends,
    "reports": Reports,
    "odd": Odd,
    "flood": Flood,
    "shares": Shares,
}
SINKS = {
    "tally": Tally,
    "late": Late,
    "picky": Picky,
    "slow": Slow,
    "breaks": Breaks,
    "mute": Mute,
}

if __name__ == "__main__":
    plugin.start(PluginConfig(f"rough_{MARK}", marked(SOURCES), marked(SINKS), marked(FUNCTIONS)))
