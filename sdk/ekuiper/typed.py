"""What annotations need of `typing`, for the modules that every process of a plugin loads.

`typing` itself takes 8 ms and 1 MB in each of them (it loads `re` and `enum`), and nothing of it is
used while they run; `enum` 2 ms and 0.4 MB. Type checkers see the real names.
"""

from collections import namedtuple

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

    class _Maker(type):
        def __new__(meta, name, bases, body):
            if not bases:
                return type.__new__(meta, name, bases, body)
            fields = type(name, (), dict(body)).__annotations__
            defaults = [body[field] for field in fields if field in body]
            made = namedtuple(name, fields, defaults=defaults)
            for key, value in body.items():
                if key not in fields:
                    setattr(made, key, value)
            return made

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
