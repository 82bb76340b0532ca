"""eKuiper's own files on this machine: streams, and rules in SQL. See `Rules`."""

from .engine import Rules
from .errors import RuleError, StatementError
from .folder import Folder, read_folder
from .running import RunningRule

__all__ = ["Folder", "RuleError", "Rules", "RunningRule", "StatementError", "read_folder"]
