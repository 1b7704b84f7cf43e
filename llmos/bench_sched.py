"""`llmos bench sched --workload FILE`: one workload under every policy, on the live kernel.

Knows: the file's format, how a workload is run, the figures of the table. Does not know: how a policy decides, how a model is
loaded (`processor.py`). Without a model the scripted CPU runs it and times are ticks; with one they are ticks of the real
machine, and `seconds` says how long the whole took.

The file has one line for each job, in any order; what follows `#` is a comment:
    ARRIVAL PROMPT LENGTH [PRIORITY]      tick of arrival, tokens to read, tokens to write, 1 to 20 (1 when left out)
"""

from __future__ import annotations

import time
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from llmos_kernel.accounts import jain
from llmos_kernel.cpu import Cpu
from llmos_kernel.kernel import Config, Kernel
from llmos_kernel.limits import MAX_PRIORITY
from llmos_kernel.ports import Codec, Delivery, Request
from llmos_kernel.process import Process
from llmos_kernel.sched import POLICIES, Own, Policy
from llmos_kernel.syscall import trap

from . import processor
from .errors import UsageError
from .labs.own import load
from .options import PACE, PAGE, SCRIPTED, Options

MOST_JOBS, MOST_TICKS = 2_000, 1_000_000
LANES, FRAMES, MOST_PAGES = 2, 257, 256
DECODERS, PROMPT = 31, 4_000  # of `beside`: who decodes, and the tokens of the prompt that comes
FIRST = 112  # the tick in which it comes: all decode, and no program is compiled any more
ROOM = 1_000  # tokens that each decoder may come to hold meanwhile


class Job(NamedTuple):
    arrival: int
    prompt: int
    length: int
    priority: int = 1


def read(path: Path) -> list[Job]:
    """The jobs of a file. Raises UsageError with the line that is wrong."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as e:
        raise UsageError(f"can't read the workload {path}: {e}") from None
    jobs = [_job(path, n, line) for n, line in enumerate(lines, 1) if line.partition("#")[0].strip()]
    if not 1 <= len(jobs) <= MOST_JOBS:
        raise UsageError(f"{path} has {len(jobs)} jobs; 1 to {MOST_JOBS:,} can be run")
    return sorted(jobs, key=lambda job: job.arrival)


def _job(path: Path, number: int, line: str) -> Job:
    fields = line.partition("#")[0].replace(",", " ").split()
    if len(fields) not in (3, 4) or not all(f.isascii() and f.isdigit() and len(f) < 8 for f in fields):
        raise UsageError(f"{path}, line {number}: a job is ARRIVAL PROMPT LENGTH [PRIORITY]; got {line.strip()[:60]!r}")
    job = Job(*map(int, fields))
    if job.prompt < 1 or job.length < 1 or not 1 <= job.priority <= MAX_PRIORITY:
        raise UsageError(f"{path}, line {number}: prompt and length are at least 1, a priority is 1 to {MAX_PRIORITY}")
    return job


class Silence:
    """A world in which nothing happens, but for what the CPU's gauge has to tell."""

    def __init__(self) -> None:
        self.told: list[Delivery] = []

    def poll(self) -> Sequence[Delivery]:
        told = tuple(self.told)
        self.told.clear()
        return told

    def submit(self, request: Request) -> None:
        """There are no devices."""


async def source(word: str, *jobs: tuple[int, int, int, int]) -> int:
    """Starts every job at its tick."""
    now = 0
    for arrival, prompt, length, priority in jobs:
        if arrival > now:
            await trap("sleep", arrival - now)
            now = arrival
        child = await trap("spawn", "worker", word * prompt, length)
        await trap("nice", child, priority)
    for _ in jobs:
        await trap("wait")
    return 0


async def worker(text: str, length: int) -> int:
    await trap("think", (("text", text),), length, 800, 0, 1, 0, 0, 0)
    return 0


def run(
    jobs: Sequence[Job], cpu: Cpu, codec: Codec, quantum: int, name: str, policy: Policy | None = None
) -> dict[str, Any]:
    """One row of the table. All times are ticks."""
    config = Config(
        args=(_word(cpu), *(tuple(job) for job in jobs)), quantum=quantum, policy=name if policy is None else "rr"
    )
    kernel = Kernel(config, {"init": source, "worker": worker}, cpu, codec, Silence(), policy)
    workers: dict[int, Process] = {}
    preempted, began = 0, time.perf_counter()
    while not kernel.halted:
        kernel.step()
        if kernel.tick > MOST_TICKS:
            raise UsageError(f"the workload does not end within {MOST_TICKS:,} ticks")
        for event in kernel.take_events():
            if event[1] == "spawn" and event[2] != 1 and event[2] in kernel.processes:
                workers[event[2]] = kernel.processes[event[2]]
            elif event[1] == "switch":
                preempted += 1
    return {
        "policy": name,
        **_figures(list(workers.values()), preempted - len(workers), kernel.tick),
        "seconds": round(time.perf_counter() - began, 2),
    }


def _figures(workers: list[Process], preemptions: int, ticks: int) -> dict[str, Any]:
    accounts = [p.account for p in workers]
    response = [a.first - a.born for a in accounts]
    turnaround = sorted(a.ended - a.born for a in accounts)
    pace = [1_000_000 * a.ran // max(1, a.ended - a.born) for a in accounts]
    return {
        "response": round(sum(response) / len(response), 2),
        "turnaround": round(sum(turnaround) / len(turnaround), 2),
        "p99": turnaround[-(-99 * len(turnaround) // 100) - 1],
        "fairness": jain(pace) / 1000,
        "preemptions": preemptions,
        "recomputed": sum(a.recomputed for a in accounts),
        "ticks": ticks,
    }


async def crowd(decoders: int, word: str, prompt: int) -> int:
    """Decoders that go on and on, and after a while one long prompt beside them, or none."""
    for _ in range(decoders):
        await trap("spawn", "decoder", word)
    await trap("sleep", FIRST)
    await (worker(word * prompt, 1) if prompt else trap("wait"))
    return 0


async def decoder(word: str) -> int:
    while True:
        await worker(word, 100_000)


def beside(cpu: Cpu, codec: Codec, decoders: int, prompt: int) -> dict[str, Any]:
    """How much of their speed `decoders` keep while a prompt of so many tokens is read, from its first chunk to its last: the
    seconds of the same ticks without it, by their seconds with it."""
    busy = _crowded(cpu, codec, decoders, prompt)
    quiet = _crowded(cpu, codec, decoders, 0, len(busy.ticks))
    alone, during = _sum(quiet.ticks[FIRST:]), _sum(busy.ticks[FIRST:])
    count = len(busy.ticks) - FIRST
    return {
        "decoders": decoders,
        "prompt": prompt,
        "ticks": count,
        "weights": busy.weights,
        "ms_alone": round(alone.wall / count * 1e3, 1),
        "ms_beside": round(during.wall / count * 1e3, 1),
        "speed_kept": round(alone.wall / during.wall, 3),
        "speed_kept_cpu": round(alone.cpu / during.cpu, 3),
    }


class Crowd(NamedTuple):
    """What `decoders` took, tick for tick, and what the gauge said of chunks, in ticks without one."""

    ticks: list[Spent]
    weights: list[float]


def _crowded(cpu: Cpu, codec: Codec, decoders: int, prompt: int, ticks: int = 0) -> Crowd:
    """Runs them until the prompt is read; without one for so many ticks."""
    config = Config(args=(decoders, _word(cpu), prompt), quantum=100_000, pace=PACE)
    world = Silence()
    kernel = Kernel(config, {"init": crowd, "decoder": decoder}, processor.gauged(cpu, world.told.append), codec, world)
    seen = Crowd([], [])
    while len(seen.ticks) < ticks or (not ticks and not kernel.halted):
        seen.ticks.append(_tick(kernel))
        if kernel.weight / 1000 not in seen.weights[-1:]:
            seen.weights.append(kernel.weight / 1000)
    return seen


class Spent(NamedTuple):
    """Seconds of one tick."""

    wall: float
    cpu: float  # of this process, all its threads


def _tick(kernel: Kernel) -> Spent:
    wall, cpu = time.perf_counter(), time.process_time()
    kernel.step()
    return Spent(time.perf_counter() - wall, time.process_time() - cpu)


def _sum(ticks: Collection[Spent]) -> Spent:
    return Spent(sum(t.wall for t in ticks), sum(t.cpu for t in ticks))


def bench_sched(path: Path, model: str | None, mode: str, quantum: int, own: str | None) -> dict[str, Any]:
    """{"cpu", "jobs", "quantum", "rows": [...]}: a row for each policy, and one for your own; with a model also "beside"."""
    jobs = read(path)
    cpu, codec = _processor(jobs, model, mode)
    rows = [run(jobs, cpu, codec, quantum, name) for name in POLICIES]
    if own is not None:
        rows.append(run(jobs, cpu, codec, quantum, "own", Own(quantum, load(own, "choose"))))
    result = {"cpu": cpu.geometry.model, "jobs": len(jobs), "quantum": quantum, "rows": rows}
    if cpu.geometry.mode != "scripted":
        del cpu  # two engines of a large model would not fit
        frames = (DECODERS * ROOM + PROMPT) // PAGE + 2 * DECODERS
        wide, codec = _engine(str(model), mode, DECODERS + 1, frames)
        longest = wide.geometry.max_pages * wide.geometry.page - 1
        result["beside"] = beside(wide, codec, DECODERS, min(PROMPT, longest))
    return result


def _engine(model: str, mode: str, lanes: int, frames: int) -> tuple[Cpu, Codec]:
    loaded = processor.load_model(model)
    engine = processor.build_engine(loaded, Options(mode=mode, lanes=lanes, frames=frames))
    engine.complete()  # nothing is compiled any more while ticks are timed
    return engine, processor.codec_of(loaded)


def _word(cpu: Cpu) -> str:
    """One token."""
    return "x" if cpu.geometry.mode == "scripted" else " the"


def _processor(jobs: Sequence[Job], model: str | None, mode: str) -> tuple[Cpu, Codec]:
    if model is not None and model != SCRIPTED:
        return _engine(model, mode, LANES, FRAMES)
    from .cpu.scripted import ByteCodec, ScriptedCpu

    longest = max(job.prompt + job.length for job in jobs) // 16 + 2
    if longest > MOST_PAGES * 16:
        raise UsageError(f"a job needs {longest * 16:,} tokens of context; the most is {MOST_PAGES * 256:,}")
    return ScriptedCpu(lambda context: 97, max(FRAMES, longest + 1), LANES, max(MOST_PAGES, longest)), ByteCodec()


def lines(result: dict[str, Any]) -> list[str]:
    """The table for people."""
    names = ("response", "turnaround", "p99", "fairness", "preemptions", "recomputed", "ticks", "seconds")
    head = f"{result['jobs']} jobs on {result['cpu']}, quantum {result['quantum']}; times in ticks"
    rows = [f"{row['policy']:<11}" + "".join(f"{row[name]:>12}" for name in names) for row in result["rows"]]
    told = [head, f"{'policy':<11}" + "".join(f"{name:>12}" for name in names), *rows]
    if beside := result.get("beside"):
        told.append(
            f"{beside['decoders']} decoders beside a prompt of {beside['prompt']:,} tokens, {beside['ticks']} ticks: "
            f"{beside['ms_alone']} ms a tick without it, {beside['ms_beside']} with it: {beside['speed_kept']:.0%} of their "
            f"speed ({beside['speed_kept_cpu']:.0%} by processor time)"
        )
    return told
