"""What annotations need of `typing`, for the modules that every process of a plugin loads.

`typing` itself takes 8 ms and 1 MB in each of them (it loads `re` and `enum`), and nothing of it is
used while they run; `enum` 2 ms and 0.4 MB. Type checkers see the real names.
"""

TYPE_CHECKING = False  # as `typing` has it: so checkers take it for true

__all__ = [
    "TYPE_CHECKING",
    "Any",
    "ClassVar",
    "Enum",
    "Literal",
    "NamedTuple",
    "Protocol",
    "TypeVar",
]

if TYPE_CHECKING:
    from enum import Enum
    from typing import Any, ClassVar, Literal, NamedTuple, Protocol, TypeVar
else:
    from _collections import _tuplegetter

    class _Anything(type):
        def __getitem__(cls, item):
            return cls

    class Any(metaclass=_Anything):
        """Stands in every annotation for what nobody reads."""

    ClassVar = Literal = Any

    class Protocol:
        """Has no methods of its own."""

    def TypeVar(name, bound=None):
        return Any

    class _Record(tuple):
        """What `collections.namedtuple` makes anew for each class, which takes twice the memory."""

        __slots__ = ()
        _fields = ()

        @classmethod
        def _make(cls, items):
            return tuple.__new__(cls, items)

        def _replace(self, **changed):
            made = self._make(map(changed.pop, self._fields, self))
            if changed:
                raise ValueError(f"got unexpected field names: {list(changed)!r}")
            return made

        def _asdict(self):
            return dict(zip(self._fields, self, strict=True))

        def __repr__(self):
            items = ", ".join(f"{key}={value!r}" for key, value in self._asdict().items())
            return f"{type(self).__name__}({items})"

        def __getnewargs__(self):
            return tuple(self)

    class _Maker(type):
        def __new__(meta, name, bases, body):
            if not bases:
                return type.__new__(meta, name, bases, body)
            fields = tuple(type(name, (), dict(body)).__annotations__)
            arguments = "".join(f", {field}" for field in fields)
            items = "".join(f"{field}, " for field in fields)
            new = eval(f"lambda _cls{arguments}: _new(_cls, ({items}))", {"_new": tuple.__new__})
            new.__defaults__ = tuple(body[field] for field in fields if field in body)
            getters = {field: _tuplegetter(at, None) for at, field in enumerate(fields)}
            own = {"__slots__": (), "__new__": new, "__match_args__": fields, "_fields": fields}
            return type(name, (_Record,), {**own, **body, **getters})

    class NamedTuple(metaclass=_Maker):
        """Its subclasses are tuples whose items have the names that are annotated."""

    class _EnumType(type):
        def __init__(cls, name, bases, body):
            for key, value in body.items():
                if not key.startswith("_"):
                    member = cls()
                    member.name, member.value = key, value
                    setattr(cls, key, member)

    class Enum(metaclass=_EnumType):
        """Its subclasses have one object for each name in their body, with `name` and `value`."""

        def __repr__(self):
            return f"<{type(self).__name__}.{self.name}>"
