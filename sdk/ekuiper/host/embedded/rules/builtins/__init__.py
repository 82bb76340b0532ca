"""eKuiper's own functions, as far as they run here."""

from collections.abc import Mapping

from .....bundle.builtin import BUILT_IN
from . import aggregates, arrays, maths, objects, others, strings
from .builtin import Builtin

__all__ = ["BUILTINS", "ELSEWHERE"]

BUILTINS: Mapping[str, Builtin] = {
    **maths.FUNCTIONS,
    **strings.FUNCTIONS,
    **arrays.FUNCTIONS,
    **objects.FUNCTIONS,
    **others.FUNCTIONS,
    **aggregates.FUNCTIONS,
}
"""By their names, in lower case."""

ELSEWHERE = BUILT_IN.functions - BUILTINS.keys()
"""Those that only a real eKuiper has."""
