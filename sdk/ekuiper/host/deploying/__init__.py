"""Bringing plugins to real eKuipers, and back if that fails."""

from .deployment import Choices, Deployment
from .outcome import Outcome, Step
from .package import Package
from .record import Record
from .removal import Removal
from .together import together

__all__ = [
    "Choices",
    "Deployment",
    "Outcome",
    "Package",
    "Record",
    "Removal",
    "Step",
    "together",
]
