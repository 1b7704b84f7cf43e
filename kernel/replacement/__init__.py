"""Page replacement policies, one small file each, and the table that finds them by name.

Knows: which policies there are. Does not know: frames, processes, what a page holds. Read first: `policy.py`, `fifo.py`.
OPT is not in the table, since it must be given the future: `Opt(references)`.
"""

from __future__ import annotations

from collections.abc import Callable

from .attention import Attention
from .clock import Clock
from .fifo import Fifo
from .lfu import Lfu
from .lru import Lru
from .mru import Mru
from .opt import Opt
from .own import Own
from .policy import Replacement
from .twoq import TwoQ

REPLACEMENTS: dict[str, Callable[[int], Replacement]] = {
    policy.name: policy for policy in (Fifo, Lru, Clock, Lfu, Mru, TwoQ, Attention)
}

__all__ = ["REPLACEMENTS", "Attention", "Clock", "Fifo", "Lfu", "Lru", "Mru", "Opt", "Own", "Replacement", "TwoQ"]
