"""A real eKuiper, by its REST interface; 1.14 to 2.4."""

from .client import Rest
from .place import Place

__all__ = ["Place", "Rest"]
