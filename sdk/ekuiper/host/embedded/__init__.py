"""Plays eKuiper on this machine for one plugin: see `Host`."""

from .handles import FunctionHandle, SinkHandle, SourceHandle
from .host import Host
from .pipeline import Pipeline
from .process import Launcher
from .settings import Settings

__all__ = [
    "FunctionHandle",
    "Host",
    "Launcher",
    "Pipeline",
    "Settings",
    "SinkHandle",
    "SourceHandle",
]
