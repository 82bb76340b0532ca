"""Prints, as JSON, what the `ekuiper` package of this interpreter offers to a plugin.

Run by either interpreter; of the package it imports nothing but what plugins import.
"""

import importlib
import importlib.metadata
import importlib.resources
import inspect
import json
import sys

PATHS = {
    "ekuiper": ["Context", "Function", "PluginConfig", "Sink", "Source", "plugin"],
    "ekuiper.source": ["Source"],
    "ekuiper.sink": ["Sink"],
    "ekuiper.function": ["Function"],
    "ekuiper.runtime": ["plugin"],
    "ekuiper.runtime.plugin": ["PluginConfig", "start"],
    "ekuiper.runtime.context": ["Context"],
}


def describe(thing):
    """Parameters as [name, kind, has a default, the default]."""
    parameters = inspect.signature(thing).parameters.values()
    return [
        [
            parameter.name,
            parameter.kind.name,
            parameter.default is not parameter.empty,
            repr(parameter.default),
        ]
        for parameter in parameters
    ]


def offered():
    """Which names can be imported from where."""
    return [
        f"{path}.{name}"
        for path, names in PATHS.items()
        for name in names
        if hasattr(importlib.import_module(path), name)
    ]


def same_objects():
    """Names that stand in several places and are the same thing there."""
    places = {}
    for path, names in PATHS.items():
        for name in names:
            places.setdefault(name, []).append(getattr(importlib.import_module(path), name))
    return sorted(name for name, things in places.items() if len({id(t) for t in things}) == 1)


def signatures():
    import ekuiper

    found = {
        "plugin.start": describe(ekuiper.plugin.start),
        "PluginConfig": describe(ekuiper.PluginConfig),
    }
    for kind in (ekuiper.Context, ekuiper.Function, ekuiper.PluginConfig, ekuiper.Sink):
        found.update(methods(kind))
    found.update(methods(ekuiper.Source))
    return found


def methods(kind):
    return {
        f"{kind.__name__}.{name}": describe(method)
        for name, method in inspect.getmembers(kind, inspect.isfunction)
        if not name.startswith("_")
    }


class Stranger:
    """Stands for an author's class that inherits from nothing."""


def made(factory):
    """The outcome of a call, an exception by its name."""
    try:
        return repr(factory())
    except Exception as error:
        return f"raises {type(error).__name__}"


def config():
    """What a PluginConfig answers."""
    from ekuiper import Function, PluginConfig, Sink, Source

    class Own(Function):
        pass

    sources, sinks, functions = {"src": Source}, {"snk": Sink}, {"fn": Own}
    full = PluginConfig("demo", sources, sinks, functions)
    named = PluginConfig(functions={"f": Stranger}, sinks={}, sources={}, name="demo")
    functions["later"] = Stranger
    full.sources["also later"] = Stranger
    asked = [("source", "src"), ("sink", "snk"), ("func", "fn"), ("func", "later")]
    return {
        "get": [full.get(*pair).__name__ for pair in asked],
        "get by keyword": full.get(plugin_type="func", symbol_name="fn").__name__,
        "other type": full.get("function", "fn"),
        "other symbol": made(lambda: full.get("func", "nope")),
        "other kind": made(lambda: full.get("source", "fn")),
        "attributes": [full.name, sorted(full.sources), sorted(full.sinks), sorted(full.functions)],
        "by keyword": [named.name, sorted(named.functions)],
        "kinds": [type(kept).__name__ for kept in (full.sources, full.sinks, full.functions)],
        "written": sorted(vars(full)),
    }


def subclassing():
    """What an author may do with the base classes."""
    from ekuiper import Context, Function, Sink, Source

    class Fake(Context):
        def get_rule_id(self):
            return "rule"

    class Partial(Function):
        def exec(self, args, ctx):
            return super().is_aggregate() or args

    return {
        "instances": [made(kind) != "" for kind in (Context, Function, Sink, Source, Partial)],
        "fake context": Fake().get_rule_id(),
        "partial": Partial().exec([1], Fake()),
        "is_aggregate": not Function().is_aggregate(),
        "attributes": made(lambda: setattr(Fake(), "anything", 1)),
        "base": [kind.__mro__[1:] == (object,) for kind in (Context, Function, Sink, Source)],
        "defaults": {
            "source configure": made(lambda: Source().configure("", {})),
            "source close": made(lambda: Source().close(Fake())),
            "sink configure": made(lambda: Sink().configure({})),
            "sink open": made(lambda: Sink().open(Fake())),
            "sink close": made(lambda: Sink().close(Fake())),
        },
    }


def abstract():
    """What the base classes do where an author's class has nothing."""
    from ekuiper import Context, Function, Sink, Source

    ctx = Context()
    return {
        "source open": made(lambda: Source().open(ctx)),
        "sink collect": made(lambda: Sink().collect(ctx, b"")),
        "function exec": made(lambda: Function().exec([], ctx)),
        "context emit": made(lambda: ctx.emit({}, {})),
        "context ack": made(ctx.ack_ok),
    }


class Taken:
    def __repr__(self):
        return "taken"


def declared():
    """What becomes of declarations that cannot work."""
    from ekuiper import PluginConfig

    wrong = {
        "no name": ("", {}, {}, {}),
        "a path": ("../other", {}, {}, {}),
        "no text": (None, {}, {}, {}),
        "an instance": ("demo", {}, {}, {"f": 3}),
        "no symbol name": ("demo", {"": Stranger}, {}, {}),
    }
    return {
        what: made(lambda call=call: PluginConfig(*call) and Taken())
        for what, call in wrong.items()
    }


def required():
    """What must be installed beside it."""
    needs = importlib.metadata.requires("ekuiper") or []
    return [need for need in needs if "extra ==" not in need]


json.dump(
    {
        "version": importlib.metadata.version("ekuiper"),
        "requires": required(),
        "typed": importlib.resources.files("ekuiper").joinpath("py.typed").is_file(),
        "abstract": abstract(),
        "declared": declared(),
        "file": importlib.import_module("ekuiper").__file__,
        "all": sorted(importlib.import_module("ekuiper").__all__),
        "offered": offered(),
        "same": same_objects(),
        "signatures": signatures(),
        "config": config(),
        "subclassing": subclassing(),
    },
    sys.stdout,
)
