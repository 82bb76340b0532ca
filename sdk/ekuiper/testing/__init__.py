"""For plugin authors: run a plugin's symbols in a test, with or without a host."""

from .context import RecordingContext
from .feed import Feed
from .host import Host
from .rows import Rows

__all__ = ["Feed", "Host", "RecordingContext", "Rows"]
