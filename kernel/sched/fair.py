"""Completely fair: the process with the least virtual run time runs. OSTEP 9.7, after Linux's CFS.

Virtual run time is run time divided by weight (here the tickets), as a stride is; but it is looked at every tick, and not
only when a turn is over: one that lags by more than a turn (a woken sleeper, as a rule) interrupts the running one.
A newcomer or a woken process starts from the least virtual run time of the others, so that sleeping earns no credit.
"""

from __future__ import annotations

from .stride import WHOLE, Stride


class Fair(Stride):
    name = "fair"

    def yields(self, pid: int) -> bool:
        if super().yields(pid):
            return True
        first = self.ready.first()
        turn = self.quantum * self.cost(1, 0) * WHOLE // max(1, self.jobs[pid].tickets)
        return first is not None and first[0] + turn < self.passed_by[pid]
