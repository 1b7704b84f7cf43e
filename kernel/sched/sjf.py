"""Shortest job first: of those waiting the shortest runs, and runs to its end. OSTEP 7.4.

No order has a smaller mean wait, if all come at once and the lengths are known. A long job may starve. The live kernel
knows a length as the most tokens a thought may sample.
"""

from __future__ import annotations

from .policy import Ordered
from .ready import Key


class Sjf(Ordered):
    name = "sjf"

    def __init__(self, quantum: int = 0) -> None:
        super().__init__(0)

    def place(self, pid: int) -> Key:
        return (self.jobs[pid].length, self.came[pid])
