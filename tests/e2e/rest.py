"""The REST interface of a real eKuiper, as these tests use it."""

from pathlib import Path

from ekuiper.host import rest
from ekuiper.host.rest.uploads import file_url, upload

__all__ = ["Rest"]

_TIMEOUT = 90.0  # seconds; an install blocks until the plugin shook hands


class Rest(rest.Rest):
    """Calls one eKuiper, with time for all that it may do."""

    def __init__(self, base: str) -> None:
        super().__init__(base, timeout=_TIMEOUT)

    def upload(self, file: Path) -> str:
        """Store a file in the host; returns the URL under which it can install it."""
        return file_url(upload(self, file, file.name))
