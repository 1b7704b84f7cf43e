"""`llmos bench masks`: what holding calls to a grammar costs beside a decode step, and whether any call comes out malformed.

Knows: masks, the engine's bursts, a random writer (the worst of models: it takes any legal id). Does not know: kernels. A mask
is needed only between TRAP and GO. Measured are whole steps, with and without masks in turns, all lanes in the middle of
calls of their own, each mask new: `share` is what a step with masks takes longer, `processor_share` the same in processor
time, in which nothing runs beside the layers. `first` is paid once, when the devices' grammar is read.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from random import Random
from typing import Any

import numpy as np

from llmos_kernel.cpu import Burst, Mask
from llmos_kernel.limits import MAX_CALL_TOKENS

DEVICES = ("calc", "clock", "files", "search", "python", "spawn", "send")
CALLS = 300  # random calls written
LANES = (1, 8)
FEWEST, MOST, SECONDS = 60, 1000, 12.0  # pairs of steps, and about how long they may take
PAGES = 4

Call = tuple[int, ...]


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
    masks.allowed(DEVICES, b"", ()).reckon()
    first = time.perf_counter() - began
    took, calls = random_calls(masks, DEVICES, end, CALLS, Random(1))
    engine = Engine(model, mode, LANES[-1] * PAGES + 1, LANES[-1], PAGES, 16)
    return {
        "model": path.name,
        "mode": mode,
        "first_ms": round(first * 1e3, 1),
        "masks": len(took),
        "mask_ms": round(statistics.fmean(took) * 1e3, 3),
        "mask_ms_95": round(sorted(took)[len(took) * 95 // 100] * 1e3, 3),
        "calls": CALLS,
        "unfinished_calls": sum(end not in call for call in calls),
        "lanes": {str(n): _steps(engine, n, masks, calls) for n in LANES},
    }


def random_calls(
    masks: Any, devices: tuple[str, ...], end: int, count: int, rng: Random
) -> tuple[list[float], list[Call]]:
    """Seconds of processor time of each mask that a random writer needed, and what it wrote; a call has `end` if it ended."""
    took: list[float] = []
    calls: list[Call] = []
    for _ in range(count):
        written: Call = ()
        while len(written) < MAX_CALL_TOKENS and end not in written:
            began = time.thread_time()
            mask = masks.allowed(devices, b"", written).reckon()
            took.append(time.thread_time() - began)
            legal = np.flatnonzero(np.unpackbits(np.frombuffer(mask, np.uint8), bitorder="little"))
            written += (end if end in legal and rng.random() < 0.2 else int(rng.choice(legal)),)
        calls.append(written)
    return took, calls


def _steps(engine: Any, lanes: int, masks: Any, calls: list[Call]) -> dict[str, Any]:
    """Decode steps of so many lanes that are all in calls, without masks and with them, in turns."""
    writers = [_prefixes(calls[lane::lanes]) for lane in range(lanes)]
    times: dict[bool, list[tuple[float, float]]] = {False: [], True: []}
    until, turn = time.perf_counter() + SECONDS / len(LANES), 0
    while turn <= FEWEST or (turn <= MOST and time.perf_counter() < until):
        asked = [masks.allowed(DEVICES, b"", next(writer)) for writer in writers]
        for masked in (False, True) if turn % 2 else (True, False):
            bursts = [_burst(lane, mask if masked else None) for lane, mask in enumerate(asked)]
            began, worked = time.perf_counter(), time.process_time()
            engine.run(bursts)
            if turn:  # the first ones compile
                times[masked].append((time.perf_counter() - began, time.process_time() - worked))
        turn += 1
    step, worked = (statistics.median(column) for column in zip(*times[False], strict=True))
    return {
        "steps": turn - 1,
        "step_ms": round(step * 1e3, 3),
        "mask_adds_ms": round(_more(times, 0) * 1e3, 3),
        "share": round(_more(times, 0) / step, 4),
        "processor_share": round(_more(times, 1) / worked, 4),
    }


def _more(times: dict[bool, list[tuple[float, float]]], which: int) -> float:
    """What a step with masks takes longer than the one beside it: the median of all pairs."""
    return statistics.median(b[which] - a[which] for a, b in zip(times[False], times[True], strict=True))


def _prefixes(calls: list[Call]) -> Iterator[Call]:
    """What stands before each token of calls that are written one after another, for ever."""
    while True:
        yield from chain.from_iterable((call[:n] for n in range(len(call))) for call in calls)


def _burst(lane: int, allowed: Mask | None) -> Burst:
    return Burst((1 + lane * PAGES, 2 + lane * PAGES), (0, 16), 20, (100,), 1, allowed=allowed)
