"""What a machine is booted with; part of the journal's header.

Knows: plain settings. Does not know: who reads them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .limits import QUANTUM


@dataclass(frozen=True, slots=True)
class Config:
    init: str = "init"
    args: tuple[Any, ...] = ()
    seed: int = 0
    quantum: int = QUANTUM
    policy: str = "rr"  # a name in `sched.POLICIES`
    devices: tuple[str, ...] = ()  # names mounted at boot, in order
    dialect: str = "llmos"  # how the model writes calls: a name in `dialects.DIALECTS`
