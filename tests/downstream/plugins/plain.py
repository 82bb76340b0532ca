"""A plugin without faults, written for the official package."""

import collections
import enum
import logging
import statistics
import threading

from notes import MARK, marked, note

from ekuiper import Function, PluginConfig, Sink, Source, plugin


class Colour(enum.IntEnum):
    RED = 1


class Word(str, enum.Enum):
    YES = "yes"


Point = collections.namedtuple("Point", "x y")

SHAPES = [
    None,
    True,
    0,
    -7,
    2**53 + 1,
    -(2**70),
    0.1,
    1e300,
    5e-324,
    -0.0,
    "",
    'grün ☃ 🙂 \x00 \x1f \u2028 </script> \\ "',
    [],
    {},
    (1, (2, 3)),
    Point(1, 2),
    Colour.RED,
    Word.YES,
    {1: "int", 2.5: "float", False: "bool", None: "none"},
    {Word.YES: 1},
    collections.OrderedDict([("b", 1), ("a", 2)]),
    collections.defaultdict(list, a=[1]),
    collections.Counter("aab"),
    [{"a": [{"b": [None, {"c": [1.5]}]}]}],
    {"": {"": ""}},
]


class Plain(Function):
    def validate(self, args):
        return ""

    def is_aggregate(self):
        return False


class Echo(Plain):
    def exec(self, args, ctx):
        return args[0] if len(args) == 1 else args


class Kinds(Plain):
    def exec(self, args, ctx):
        return [f"{type(arg).__name__} {arg!r}" for arg in args]


class Add(Plain):
    def exec(self, args, ctx):
        return args[0] + args[1]


class Shapes(Plain):
    def exec(self, args, ctx):
        return SHAPES[args[0]] if args else len(SHAPES)


class Gather(Plain):
    def exec(self, args, ctx):
        return args

    def is_aggregate(self):
        return True


class Median(Gather):
    def exec(self, args, ctx):
        return statistics.median(args[0])


class Picky(Plain):
    def validate(self, args):
        if len(args) != 1:
            return f"picky takes one argument, not {len(args)}"
        return ""

    def exec(self, args, ctx):
        return args[0]


class Place(Plain):
    """Keeps what it knows of a place on the context, as plugins do."""

    def exec(self, args, ctx):
        ctx.calls = getattr(ctx, "calls", 0) + 1
        return [ctx.get_rule_id(), ctx.get_op_id(), ctx.get_instance_id(), ctx.calls]


class Say(Plain):
    def exec(self, args, ctx):
        logging.debug("debug %s", args[0])
        logging.info("info %s", args[0])
        logging.getLogger("some.library").info("library %s", args[0])
        print("printed", args[0])


class Rows(Source):
    def __init__(self):
        note("init")

    def configure(self, datasource, conf):
        note("configure", type(datasource).__name__, dict(conf))
        if "refuse" in conf:
            raise ValueError(conf["refuse"])
        self.rows = conf.get("rows", [])
        self.meta = conf.get("meta", {})
        self.closed = threading.Event()

    def open(self, ctx):
        note("open", ctx.get_rule_id(), ctx.get_op_id(), ctx.get_instance_id())
        for row in self.rows:
            ctx.emit(row, self.meta)
        note("emitted", len(self.rows))
        self.closed.wait(10)
        note("returned")

    def close(self, ctx):
        note("close", ctx.get_rule_id(), ctx.get_op_id(), ctx.get_instance_id())
        self.closed.set()


class Keep(Sink):
    def __init__(self):
        note("init")

    def configure(self, conf):
        note("configure", dict(conf))
        if "refuse" in conf:
            raise ValueError(conf["refuse"])
        self.acks = conf.get("requireAck", False)

    def open(self, ctx):
        note("open", ctx.get_rule_id(), ctx.get_op_id(), ctx.get_instance_id())

    def collect(self, ctx, data):
        note("collect", type(data).__name__, data.hex())
        if not self.acks:
            return
        if b"bad" in data:
            ctx.ack_error(f"bad: {len(data)} bytes")
        else:
            ctx.ack_ok()

    def close(self, ctx):
        note("close", ctx.get_rule_id(), ctx.get_op_id(), ctx.get_instance_id())


FUNCTIONS = {
    "echo": Echo,
    "kinds": Kinds,
    "add": Add,
    "shapes": Shapes,
    "gather": Gather,
    "median": Median,
    "picky": Picky,
    "place": Place,
    "say": Say,
}

if __name__ == "__main__":
    plugin.start(
        PluginConfig(
            f"plain_{MARK}", marked({"rows": Rows}), marked({"keep": Keep}), marked(FUNCTIONS)
        )
    )
