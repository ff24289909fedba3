"""The soak of a master: as ``reading``, but what is kept for the web interface is full after seconds, not minutes."""

from reading import Visitor

from locustfiles import _live

__all__ = ["Visitor"]

_live.KEPT_S = 5
