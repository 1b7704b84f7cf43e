"""`llmos bench memory`: what paging costs and what it saves, measured here and now.

Knows: how each figure is taken; medians of several runs. Does not know: how numbers are printed. Swap, the needle test and
perplexity run on a model; forks, waste and sharing are the kernel's own and run on the scripted CPU.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

from llmos_kernel.cpu import Burst, Cpu
from llmos_kernel.kernel import Config, Kernel
from llmos_kernel.labels import USER
from llmos_kernel.memory import AddressSpace, Memory
from llmos_kernel.ports import Codec
from llmos_kernel.syscall import trap

from . import needle, perplexity
from .cpu.engine import Engine
from .swap import PageFile, RamPages

PAGE = 16
RUNS = 15
LENGTHS = (60, 40)  # pages of the needle test: where the model itself finds nearly all needles


def bench_memory(cpu: Cpu, codec: Codec, pages: int, cases: int, record: Path | None, seconds: float) -> dict[str, Any]:
    """All figures; `pages`: of a text. Needle test and perplexity take about half of `seconds` each; both need a real model."""
    half = seconds / 2
    read = perplexity.run(cpu, codec, pages, cases, record, half) if isinstance(cpu, Engine) else {}
    return {
        "swap": swap_or_recompute(cpu),
        "fork": {f"{n} tokens": fork(n) for n in (250, 1_000, 4_000, 8_000)},
        "waste": {f"{n} processes": waste(n) for n in (1, 8, 32)},
        "sharing": sharing(),
        "needle": needle.run(cpu, codec, LENGTHS, cases, record, half),
        "perplexity": read,
    }


def swap_or_recompute(cpu: Cpu) -> dict[str, Any]:
    """Milliseconds a page: out to the page file, back, and fed again in whole chunks at 256 tokens."""
    geometry = cpu.geometry
    pages = min(16, geometry.frames - 1, geometry.max_pages)
    frames, starts = tuple(range(1, pages + 1)), tuple(range(0, pages * PAGE, PAGE))
    chunk = min(geometry.chunk, pages * PAGE)
    last = pages * PAGE - chunk

    def feed() -> None:
        cpu.run([Burst(frames, starts, last, tuple(i % geometry.vocab for i in range(chunk)), 0)])
        cpu.save(1)  # waits until it is done

    with tempfile.TemporaryDirectory() as folder:
        file = PageFile(Path(folder) / "pages", geometry.frame_bytes, 4)
        feed()
        out = _median(lambda: file.put(0, cpu.save(1)))
        back = _median(lambda: cpu.load(2, file.get(0) or b""))
        file.close()
    again = _median(feed, 5) * PAGE / chunk
    return {
        "out_ms": round(out, 3),
        "in_ms": round(back, 3),
        "recompute_ms": round(again, 3),
        "recompute_over_in": round(again / back, 1),
        "page_bytes": geometry.frame_bytes,
        "cpu": geometry.fingerprint,
    }


def _median(work: Callable[[], object], runs: int = RUNS) -> float:
    """Milliseconds."""
    times = []
    for _ in range(runs):
        began = time.perf_counter()
        work()
        times.append((time.perf_counter() - began) * 1e3)
    return statistics.median(times)


def fork(tokens: int) -> dict[str, Any]:
    """The kernel's time to fork a context of so many tokens, and the pages that copies."""
    pages = -(-tokens // PAGE)
    memory, mother = Memory(pages + 2, PAGE), AddressSpace()
    mother.append(range(tokens), USER, "u")
    memory.reserve(mother, tokens)
    mother.resident = tokens
    memory.publish(mother)
    return {"ms": round(_median(lambda: memory.drop(memory.fork(mother))), 4), "pages_copied": memory.copies}


async def _crowd(lengths: tuple[int, ...], same: str) -> int:
    for n, length in enumerate(lengths):
        await trap("spawn", "one", same + f"{n} ".ljust(max(length - len(same), 1), "x"))
    for _ in lengths:
        await trap("wait")
    return 0


async def _one(text: str) -> int:
    await trap("think", (("user", text),), 8)
    await trap("read", 0)
    return 0


def _machine(lengths: tuple[int, ...], same: str = "") -> Kernel:
    """Processes with contexts of these lengths, all resident."""
    from .cpu.scripted import ByteCodec, ScriptedCpu

    frames = sum(-(-(n + 64) // PAGE) for n in lengths) + 2
    cpu = ScriptedCpu(frames=frames, lanes=8, max_pages=128)
    config = Config(args=(lengths, same))
    kernel = Kernel(config, {"init": _crowd, "one": _one}, cpu, ByteCodec(), needle.Silence(), store=RamPages(0))
    while sum(p.why == "keyboard" for p in kernel.processes.values()) < len(lengths):
        kernel.step()
    return kernel


def waste(processes: int) -> dict[str, Any]:
    """KV slots that hold real tokens, of all slots in mapped frames: contexts of 300 to 1,000 tokens."""
    random = Random(processes)
    kernel = _machine(tuple(random.randrange(300, 1_001) for _ in range(processes)))
    spaces = [p.space for p in kernel.processes.values() if p.space.frames]
    used, held = sum(s.resident for s in spaces), sum(len(s.frames) for s in spaces) * PAGE
    most = max(len(s.frames) * PAGE - s.resident for s in spaces)
    return {"tokens": used, "slots": held, "used_percent": round(100 * used / held, 2), "most_wasted_slots": most}


def sharing() -> dict[str, Any]:
    """Eight processes whose contexts begin with the same 400 tokens."""
    kernel = _machine((500,) * 8, "The same beginning for everybody. " * 12)
    mapped = sum(p.space.held() for p in kernel.processes.values())
    frames = sum(n > 0 for n in kernel.memory.refs)
    return {"pages_mapped": mapped, "frames_used": frames, "saved_percent": round(100 * (1 - frames / mapped), 1)}
