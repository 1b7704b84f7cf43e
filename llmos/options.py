"""What a machine is made of: the options, under the names of the command line.

Knows: every option and its default, the names that some of them take, and which of them the kernel hears of. Does not know: how
anything is made of them (`processor.py`, `boot.py`). Imports nothing heavy.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from llmos_kernel.config import Config
from llmos_kernel.limits import QUANTUM
from llmos_kernel.sched import POLICIES
from llmos_kernel.victims import VICTIMS

from .devices.kernelcalls import SERVED
from .errors import UsageError

PAGE = 16
FRAMES = 129  # of the machine room: 128 pages of 16 tokens and the trash frame
DEVICES = ("calc", "clock", "files", "search")
PACE = 720  # thousandths of their speed that many decoders keep beside a prompt: 70 %, and something for what it varies
SCRIPTED = "scripted"  # a machine without a model, for tests and for looking at the OS alone
SYSTEM: Any = object()
"""Stands in `Options.init` for the system text, which is known only when the devices are mounted."""


@dataclass(frozen=True)
class Options:
    """What a machine is made of. Everything has a default; names are those of the command line."""

    model: str | None = None  # a name, a path, or None for the best one that is installed
    mode: str = "exact8"
    frames: int = FRAMES
    lanes: int = 2
    max_pages: int | None = None  # None: as long as the model and the frames allow
    chunk: int = 64
    seed: int = 0
    quantum: int = QUANTUM  # tokens of a turn while others wait
    init: tuple[Any, ...] = ("sh",)
    devices: tuple[str, ...] = DEVICES
    now: datetime | None = None  # pins the clock
    home: Path | None = None  # of the files device
    library: Path | None = None  # a folder of documents for search
    journal: Path | None = None  # where to record; None: not at all
    tools: bool = True  # tell the model in its system text what is mounted
    adapter: bool = True  # where devices are mounted: run with the trap adapter that is shipped for the model, if any
    adapters: tuple[
        tuple[str, str], ...
    ] = ()  # (name, file) of weights that processes may choose; "" = the shipped ones
    hosts: tuple[str, ...] = ()  # whom the browser may ask: "host" or "host:port"
    servers: tuple[tuple[str, tuple[str, ...] | str], ...] = ()  # of MCP: (name, command or URL), for the device "mcp"
    llm_url: str = ""  # of an OpenAI-compatible server, for the device "llm"
    llm_model: str = "default"  # which of its models
    llm_key: str = ""
    grammar: bool = True  # hold calls to the grammar of what is mounted while they are written
    dialect: str = ""  # how the model writes calls: "llmos", "hermes", or "" for what suits it
    compact: bool = False  # old spans go to the retrieval disk before the window is full
    slots: int = 256  # of the page file, for processes that lose their frames; 0 = none: they are computed again
    policy: str = "rr"  # who gets the lanes: a name in `sched.POLICIES`, or a file of your own, mine.py
    victims: str = "lru"  # who loses its frames when they are short: a name in `victims.VICTIMS`
    window: int = 0  # frames a process may hold; 0 = as many as it has pages
    replacement: str = "attention"  # who goes when a window is full
    trace: bool = False  # record which pages got attention
    rights: str = ""  # manifests by program, as JSON; "" = everybody may do everything
    off: tuple[str, ...] = ()  # rules of the monitor that are switched off, for lessons about what they are good for
    keep: bool = False  # keep all records in memory, so that one can go back and branch


def kernel_config(options: Options, args: tuple[Any, ...], devices: tuple[str, ...], dialect: str) -> Config:
    """The part of the options that the kernel, and so the journal, needs to know."""
    return Config(
        args=args,
        seed=options.seed,
        quantum=options.quantum,
        policy="own" if options.policy.endswith(".py") else options.policy,
        devices=devices,
        adapters=tuple(name for name, _ in options.adapters),
        adapter=options.adapters[0][0] if options.adapters and options.adapter else "none",
        served=tuple(name for name in devices if name in SERVED),
        dialect=dialect,
        slots=options.slots,
        pace=PACE,
        victims=options.victims,
        window=options.window,
        replacement=options.replacement,
        trace=int(options.trace),
        compact=int(options.compact),
        rights=options.rights,
        off=options.off,
    )


def check_names(options: Options) -> None:
    """UsageError for a name nobody knows, before anything slow begins."""
    if not options.policy.endswith(".py") and options.policy not in POLICIES:
        raise UsageError(
            f"no policy {options.policy!r}; there are {', '.join(POLICIES)}, or a file of your own: mine.py"
        )
    if options.victims not in VICTIMS:
        raise UsageError(f"no victim policy {options.victims!r}; there are {', '.join(VICTIMS)}")
    if not options.devices:
        return
    from .devices.registry import available

    for name in options.devices:
        if name not in (known := available()):
            raise UsageError(f"no device {name!r}; there are: {' '.join(known)}")
