"""How fast one symbol of a plugin is under the embedded host, and where its time goes."""

from .figures import Measured, Part
from .function import measure_function
from .sink import measure_sink
from .source import measure_source
from .subject import Limits, Subject

__all__ = [
    "Limits",
    "Measured",
    "Part",
    "Subject",
    "measure_function",
    "measure_sink",
    "measure_source",
]
