"""`llmos bench masks`: what holding calls to a grammar costs beside a decode step, and whether any call comes out malformed.

Knows: masks, the engine's bursts, a random writer (the worst of models: it takes any legal id). Does not know: kernels. A mask
is needed only between TRAP and GO; `share` is its cost in such a step, as a part of the step without it: computing it, handing
it to the device, and choosing under it. `first` is paid once, when the devices' grammar is read.
"""

from __future__ import annotations

import statistics
import time
from pathlib import Path
from random import Random
from typing import Any

import numpy as np

from llmos_kernel.cpu import Burst
from llmos_kernel.limits import MAX_CALL_TOKENS

DEVICES = ("calc", "clock", "files", "search", "python", "spawn", "send")
CALLS = 300  # random calls written
LANES = (1, 8)
ROUNDS = 40
PAGES = 4


def bench_masks(path: Path, mode: str) -> dict[str, Any]:
    """Blocks for a minute. Raises ModelFileError."""
    from .cpu.engine import Engine
    from .cpu.loaders import load
    from .cpu.xla import configure
    from .devices.registry import Settings, mounted
    from .processor import codec_of, masks_for

    configure()
    model = load(path)
    codec = codec_of(model)
    devices = mounted(DEVICES, Settings(home=Path("/nonexistent"), pretend=True))
    masks = masks_for(model.config.vocab, codec, lambda: devices, "llmos" if codec.marks else "hermes")
    assert masks is not None
    end = codec.marks[1] if codec.marks else codec.ends[0]
    began = time.perf_counter()
    mask = masks.allowed(DEVICES, b"", ())
    first = time.perf_counter() - began
    took, unfinished = random_calls(masks, DEVICES, end, CALLS, Random(1))
    engine = Engine(model, mode, LANES[-1] * PAGES + 1, LANES[-1], PAGES, 16)
    steps = {str(n): _steps(engine, n, mask) for n in LANES}
    each = statistics.fmean(took)
    return {
        "model": path.name,
        "mode": mode,
        "first_ms": round(first * 1e3, 1),
        "masks": len(took),
        "mask_ms": round(each * 1e3, 3),
        "mask_ms_95": round(sorted(took)[len(took) * 95 // 100] * 1e3, 3),
        "calls": CALLS,
        "unfinished_calls": unfinished,
        "lanes": {
            n: {
                "step_ms": round(plain * 1e3, 2),
                "masked_step_ms": round(masked * 1e3, 2),
                "share": round((int(n) * each + max(masked - plain, 0.0)) / plain, 4),
            }
            for n, (plain, masked) in steps.items()
        },
    }


def random_calls(masks: Any, devices: tuple[str, ...], end: int, count: int, rng: Random) -> tuple[list[float], int]:
    """Seconds of processor time of each mask that a random writer needed, and how many calls did not end in time."""
    took: list[float] = []
    unfinished = 0
    for _ in range(count):
        written: tuple[int, ...] = ()
        while len(written) < MAX_CALL_TOKENS and end not in written:
            began = time.thread_time()
            mask = masks.allowed(devices, b"", written)
            took.append(time.thread_time() - began)
            legal = np.flatnonzero(np.unpackbits(np.frombuffer(mask, np.uint8), bitorder="little"))
            written += (end if end in legal and rng.random() < 0.2 else int(rng.choice(legal)),)
        unfinished += end not in written
    return took, unfinished


def _steps(engine: Any, lanes: int, mask: bytes | None) -> tuple[float, float]:
    """Seconds of one decode step of so many lanes, without and with masks: the best of rounds that take turns."""
    times: dict[bool, list[float]] = {False: [], True: []}
    for round_ in range(ROUNDS + 1):
        for masked in (False, True):
            bursts = [_burst(lane, mask if masked else None) for lane in range(lanes)]
            began = time.perf_counter()
            engine.run(bursts)
            if round_:  # the first one compiles
                times[masked].append(time.perf_counter() - began)
    return min(times[False]), min(times[True])


def _burst(lane: int, allowed: bytes | None) -> Burst:
    return Burst((1 + lane * PAGES, 2 + lane * PAGES), (0, 16), 20, (100,), 1, allowed=allowed)
