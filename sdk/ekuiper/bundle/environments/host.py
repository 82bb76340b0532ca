"""The host's own Python, which needs to have nothing but what the author asks for."""

from .made import LIBRARY, Made, Making, own_library

__all__ = ["make"]


def make(making: Making) -> Made:
    """Our own package alone."""
    notes = []
    if making.requirements:
        listed = ", ".join(making.requirements)
        notes.append(f"eKuiper's Python must have {listed}; --env vendor or venv brings them along")
    return Made(own_library(), {"library": LIBRARY}, notes)
