"""Why something is not measured."""

__all__ = ["UnavailableError"]


class UnavailableError(Exception):
    """It cannot be had here; the text says why, and what would help."""
