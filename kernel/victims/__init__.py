"""Who loses its frames when there are too few: policies, one small file each, and the table that finds them by name.

Knows: which policies there are. Does not know: frames, how pages leave (`pager.py`). Read first: `policy.py`, then `lru.py`.
Only waiting processes and, after them, running ones that are younger than who needs the frames are ever asked about: that
is the kernel's rule (`residency.py`), so that two never chase each other.
"""

from __future__ import annotations

from . import cheapest, largest, lowest, lru, youngest
from .policy import Candidate, Order

VICTIMS: dict[str, Order] = {
    "lru": lru.order,
    "largest": largest.order,
    "cheapest": cheapest.order,
    "lowest": lowest.order,
    "youngest": youngest.order,
}


def by_name(name: str) -> Order:
    """Raises ValueError for a name that is not in the table."""
    if name not in VICTIMS:
        raise ValueError(f"no victim policy {name!r}; there are {', '.join(VICTIMS)}")
    return VICTIMS[name]


__all__ = ["VICTIMS", "Candidate", "Order", "by_name"]
