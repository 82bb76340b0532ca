"""Whether eKuiper will install a plugin and run it, told before anything is uploaded."""

from ..builtin import BUILT_IN, Names
from .check import Checked, check_archive, check_folder
from .finding import Finding, Severity
from .running import Interpreter
from .target import Installed, Target, check_target

__all__ = [
    "BUILT_IN",
    "Checked",
    "Finding",
    "Installed",
    "Interpreter",
    "Names",
    "Severity",
    "Target",
    "check_archive",
    "check_folder",
    "check_target",
]
