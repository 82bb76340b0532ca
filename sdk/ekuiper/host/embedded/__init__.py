"""Plays eKuiper on this machine for one plugin: see `Host`."""

from .handles import FunctionHandle, SinkHandle, SourceHandle
from .host import Host
from .pipeline import Pipeline
from .process import Launcher
from .settings import PROFILES, Settings

__all__ = [
    "PROFILES",
    "FunctionHandle",
    "Host",
    "Launcher",
    "Pipeline",
    "Settings",
    "SinkHandle",
    "SourceHandle",
]
