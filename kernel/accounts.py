"""What the accounts add up to: response, turnaround, fairness, energy, and the timeline as text.

Knows: accounts and shares. Does not know: how they are drawn. Whole numbers only; ratios are in thousandths.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from .process import Process

if TYPE_CHECKING:
    from .kernel import Kernel

PREFILL, DECODE = 1, 4
"""Energy of one token read and written, in units: writing goes through all weights for each, reading shares the way."""


def response(process: Process) -> int:
    """Ticks from its birth to its first burst; -1 = not yet."""
    account = process.account
    return account.first - account.born if account.first >= 0 else -1


def turnaround(process: Process, now: int) -> int:
    """Ticks from its birth to its end, or until now."""
    return (process.account.ended or now) - process.account.born


def energy(process: Process) -> int:
    return PREFILL * process.account.prefilled + DECODE * process.account.decoded


def fairness(kernel: Kernel) -> int:
    """Jain's index, in thousandths, of the ticks on a lane per share of all that ever wanted one: 1000 = all alike."""
    served = [p.account.ran * 1000 // p.priority for p in kernel.processes.values() if p.account.ran or p.thought]
    return jain(served)


def jain(served: Sequence[int]) -> int:
    """(sum x)^2 / (n sum x^2), in thousandths; nobody served is fair."""
    squares = len(served) * sum(x * x for x in served)
    return 1000 * sum(served) ** 2 // squares if squares else 1000


def gantt(timeline: Sequence[Sequence[int]], width: int = 72) -> str:
    """The last ticks of each lane as text: a letter for each process, a dot for nobody."""
    shown = [list(line)[-width:] for line in timeline]
    pids = list(dict.fromkeys(pid for line in shown for pid in line if pid))
    letters = {pid: chr(ord("A") + i % 26) for i, pid in enumerate(pids)}
    lines = [f"lane {n} " + "".join(letters.get(pid, ".") for pid in line) for n, line in enumerate(shown)]
    key = "  ".join(f"{letter}=pid {pid}" for pid, letter in letters.items())
    return "\n".join([*lines, key]) + "\n"
