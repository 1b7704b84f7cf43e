"""What a machine is booted with; part of the journal's header.

Knows: plain settings. Does not know: who reads them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .limits import QUANTUM
from .swap import Costs


@dataclass(frozen=True, slots=True)
class Config:
    init: str = "init"
    args: tuple[Any, ...] = ()
    seed: int = 0
    quantum: int = QUANTUM
    policy: str = "rr"  # a name in `sched.POLICIES`
    devices: tuple[str, ...] = ()  # names mounted at boot, in order
    served: tuple[str, ...] = ()  # of these, the ones that the kernel serves itself: names in `served.py`
    slots: int = 0  # of the page file; 0 = no swap
    costs: tuple[int, int, int] = Costs()  # of paging, in microseconds: constants, so that a replay decides alike
    window: int = 0  # frames a process may hold; 0 = as many as it has pages
    pace: int = 0  # thousandths of their speed that many decoders keep beside a prompt; 0 = it is read in whole chunks
    victims: str = "lru"  # who loses all its frames when they are short: a name in `victims.VICTIMS`
    replacement: str = "attention"  # who goes when a window is full: a name in `replacement.REPLACEMENTS`
    pins: tuple[int, int] = (1, 2)  # pages at the beginning and the end that stay
    compact: int = 0  # 1 = old spans go to the retrieval disk before the window is full
    trace: int = 0  # 1 = record reference strings
    rights: str = ""  # manifests as JSON, by program; "*" is the machine's, which all others narrow
    disk: str = ""  # labels of files as JSON, by path
    off: tuple[str, ...] = ()  # rules of the monitor that are switched off: the attack lab's
    adapters: tuple[str, ...] = ()  # sets of weights that processes may choose: the first is the CPU's number 1
    adapter: str = "none"  # what a process begins with: one of them, or "none", the model as it was loaded
    grammar: int = 0  # 1 = a model's calls are held to the grammars of what is mounted; the masks are the CPU's
    library: str = ""  # how much there was to search in at the start, in words: for those who look at the recording
    dialect: str = "llmos"  # how the model writes calls: a name in `dialects.DIALECTS`
