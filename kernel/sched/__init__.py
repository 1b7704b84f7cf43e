"""Scheduling policies, one small file each, and the table that finds them by name.

Knows: which policies there are. Does not know: processes, lanes, tokens. The live kernel and the labs use these same
classes. Read first: `policy.py` (the contract), then `fifo.py`, then any.
"""

from __future__ import annotations

from collections.abc import Callable

from .fair import Fair
from .fifo import Fifo
from .lottery import Lottery
from .mlfq import Mlfq
from .own import Choose, Own
from .policy import Job, Policy
from .priority import Priority
from .rr import RoundRobin
from .sjf import Sjf
from .stcf import Stcf
from .stride import Stride
from .tokenfair import TokenFair

POLICIES: dict[str, Callable[[int], Policy]] = {
    policy.name: policy for policy in (Fifo, Sjf, Stcf, RoundRobin, Priority, Mlfq, Lottery, Stride, Fair, TokenFair)
}


def by_name(name: str, quantum: int) -> Policy:
    """A fresh policy with an empty queue; raises ValueError for a name that is not in the table."""
    if name not in POLICIES:
        raise ValueError(f"no policy {name!r}; there are {', '.join(POLICIES)}")
    return POLICIES[name](quantum)


__all__ = [
    "POLICIES",
    "Choose",
    "Fair",
    "Fifo",
    "Job",
    "Lottery",
    "Mlfq",
    "Own",
    "Policy",
    "Priority",
    "RoundRobin",
    "Sjf",
    "Stcf",
    "Stride",
    "TokenFair",
    "by_name",
]
