"""The same four jobs under FIFO and round robin, in the lab and then live on the model."""

from __future__ import annotations

from collections.abc import Iterator

from llmos.labs.sched import run_sched
from llmos.lessons.lab import Lab

QUANTUM = 8
NAMES = "ABCD"
PROMPTS = ("A page is", "The scheduler", "A trap is", "Attention lets")


def play(lab: Lab) -> Iterator[str]:
    jobs = [lab.rng.randrange(60, 100), *(lab.rng.randrange(8, 24) for _ in range(3))]
    place = lab.rng.randrange(4)
    jobs[0], jobs[place] = jobs[place], jobs[0]
    lab.facts |= {
        "jobs": ", ".join(f"{name} {job}" for name, job in zip(NAMES, jobs, strict=True)),
        "quantum": QUANTUM,
        "long": NAMES[place],
    }
    yield "fifo"
    fifo = _run(lab, "fifo", jobs)
    lab.measured["fifo"] = fifo["response"]
    lab.facts["fifo_turnaround"] = f"{fifo['turnaround']:g}"
    yield from _turns(lab, jobs)
    yield "rr"
    robin = _run(lab, "rr", jobs)
    lab.measured["rr"] = robin["response"]
    if lab.own:
        mine = _run(lab, str(lab.own), jobs)
        lab.say(f"{lab.own.name}: response {mine['response']:g}, turnaround {mine['turnaround']:g}")
    yield "turnaround"
    lab.say(f"FIFO {fifo['turnaround']:g}, round robin {robin['turnaround']:g}")
    change = robin["turnaround"] - fifo["turnaround"]
    lab.measured["turnaround"] = "better" if change < 0 else "worse" if change else "the same"
    yield "tokens"
    calm, switches = _live(lab, jobs, 10_000)
    busy, more = _live(lab, jobs, QUANTUM)
    lab.say(f"{switches} context switches against {more}; {sum(map(len, busy))} tokens compared")
    lab.measured["tokens"] = calm != busy


def _turns(lab: Lab, jobs: list[int]) -> Iterator[str]:
    """Round robin up to some turn after the first round; who has the next one?"""
    turns = [NAMES[job] for _, job, _ in run_sched("rr", jobs, quantum=QUANTUM)["timeline"]]
    turn = lab.rng.randrange(min(len(NAMES), len(turns) - 1), len(turns))
    lab.facts["turns"], lab.choices["next"] = " ".join(turns[:turn]), tuple(NAMES)
    yield "next"
    lab.measured["next"] = turns[turn]


def _run(lab: Lab, policy: str, jobs: list[int]) -> dict[str, float]:
    result = run_sched(policy, jobs, quantum=QUANTUM)
    lab.say(f"{policy}: " + " ".join(f"{NAMES[job]}x{length}" for _, job, length in result["timeline"]))
    average: dict[str, float] = result["average"]
    return average


def _live(lab: Lab, jobs: list[int], quantum: int) -> tuple[list[tuple[int, ...]], int]:
    """Every process's ids under one quantum, and how often a lane changed hands."""
    work = tuple((prompt, 0, job, 700, 50, lab.seed & 0xFFFF) for prompt, job in zip(PROMPTS, jobs, strict=True))
    machine = lab.machine(init=("batch", *work), quantum=quantum)
    ids = [e[4][1] for e in machine.run() if e[1] == "exit" and isinstance(e[4], tuple)]
    return sorted(ids), machine.kernel.switches
