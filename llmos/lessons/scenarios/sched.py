"""The same four jobs under FIFO and round robin, in the lab and then live on the model."""

from __future__ import annotations

from collections.abc import Iterator

from llmos.labs.sched import run_sched
from llmos.lessons.lab import Lab

QUANTUM = 8
PROMPTS = ("A page is", "The scheduler", "A trap is", "Attention lets")


def play(lab: Lab) -> Iterator[str]:
    jobs = [lab.rng.randrange(60, 100), *(lab.rng.randrange(8, 24) for _ in range(3))]
    place = lab.rng.randrange(4)
    jobs[0], jobs[place] = jobs[place], jobs[0]
    policy = str(lab.own) if lab.own else ""
    lab.facts |= {
        "jobs": ", ".join(map(str, jobs)),
        "quantum": QUANTUM,
        "place": ("first", "second", "third", "last")[place],
    }
    yield "fifo"
    fifo = _run(lab, "fifo", jobs)
    lab.measured["fifo"] = fifo["response"]
    lab.facts["fifo_turnaround"] = f"{fifo['turnaround']:g}"
    yield "rr"
    robin = _run(lab, "rr", jobs)
    lab.measured["rr"] = robin["response"]
    if policy:
        _run(lab, policy, jobs)
    yield "turnaround"
    lab.say(f"FIFO {fifo['turnaround']:g}, round robin {robin['turnaround']:g}")
    change = robin["turnaround"] - fifo["turnaround"]
    lab.measured["turnaround"] = "better" if change < 0 else "worse" if change else "the same"
    yield "tokens"
    calm, switches = _live(lab, jobs, 10_000)
    busy, more = _live(lab, jobs, QUANTUM)
    lab.say(f"{switches} context switches against {more}; {sum(map(len, busy))} tokens compared")
    lab.measured["tokens"] = calm != busy


def _run(lab: Lab, policy: str, jobs: list[int]) -> dict[str, float]:
    result = run_sched(policy, jobs, quantum=QUANTUM)
    lab.say(f"{policy}: " + " ".join(f"{job}x{length}" for _, job, length in result["timeline"]))
    average: dict[str, float] = result["average"]
    return average


def _live(lab: Lab, jobs: list[int], quantum: int) -> tuple[list[tuple[int, ...]], int]:
    """Every process's ids under one quantum, and how often a lane changed hands."""
    work = tuple((prompt, 0, job, 700, 50, lab.seed & 0xFFFF) for prompt, job in zip(PROMPTS, jobs, strict=True))
    machine = lab.machine(init=("batch", *work), lanes=2, quantum=quantum)
    ids = [e[4][1] for e in machine.run() if e[1] == "exit" and isinstance(e[4], tuple)]
    return sorted(ids), machine.kernel.switches
