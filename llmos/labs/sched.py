"""Lab: scheduling without I/O. Who runs when, and what do response, turnaround and wait come to? OSTEP, chapters 7 and 9.

Knows: how a problem is made, put into words and solved. Does not know: how a policy decides; it is the kernel's own.
Response: first run less arrival. Turnaround: end less arrival. Wait: turnaround less length.

Decided here: a job whose quantum ends is queued again before one that arrives at that tick, as in the MLFQ lab. FIFO,
SJF and STCF know no quantum. Priority without `quantum` runs equals in their order; it ages only if asked (`aging`),
and without `priorities` the tickets are the priorities. The lottery draws one number a turn, even for a single job;
when the given numbers run out, its own stream goes on. Neighbouring stretches of the same job are one entry of the
timeline.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random
from typing import Any

from llmos.errors import UsageError
from llmos_kernel.sched import POLICIES, Lottery, Own, Policy, Priority, by_name
from llmos_kernel.sched.lottery import Numbers

from .numbers import listed, per_job
from .onecpu import Machine, Task, simulate
from .own import load_choice

QUANTUM = 1
TICKETS = 100


def problem(seed: int, count: int = 3, longest: int = 10) -> list[int]:
    """Lengths of jobs, a new set for each seed."""
    random = Random(seed)
    return [random.randint(1, longest) for _ in range(count)]


def run_sched(
    policy: str,
    jobs: Sequence[int] | None = None,
    arrivals: Sequence[int] | None = None,
    quantum: int | None = None,
    tickets: Sequence[int] | None = None,
    randoms: Sequence[int] | None = None,
    seed: int = 0,
    priorities: Sequence[int] | None = None,
    aging: int = 0,
) -> dict[str, Any]:
    """Jobs, averages and timeline. With no `jobs` the seed makes them, and "problem" says what they are."""
    lengths = list(jobs) if jobs is not None else problem(seed)
    tasks = make_tasks(lengths, arrivals, tickets, priorities)
    result = _figures(simulate(make_policy(policy, quantum, randoms, seed, aging), tasks), tasks)
    return result if jobs is not None else {"problem": {"jobs": lengths}, **result}


def make_tasks(
    lengths: Sequence[int],
    arrivals: Sequence[int] | None,
    tickets: Sequence[int] | None,
    priorities: Sequence[int] | None,
) -> list[Task]:
    count = len(lengths)
    shares = per_job(tickets, count, "--tickets", TICKETS)
    starts = per_job(arrivals, count, "--arrivals", 0)
    ranks = per_job(priorities, count, "--priorities", 1) if priorities is not None else shares
    return [
        Task(length, start, 0, rank, share)
        for length, start, rank, share in zip(lengths, starts, ranks, shares, strict=True)
    ]


def make_policy(name: str, quantum: int | None, randoms: Sequence[int] | None, seed: int, aging: int) -> Policy:
    """The kernel's policy of that name, or one's own out of a file NAME.py. Raises UsageError."""
    if quantum is not None and quantum < 1:
        raise UsageError(f"--quantum is {quantum}; the least is 1")
    if aging < 0:
        raise UsageError(f"--aging is {aging}; the least is 0 (never)")
    turn = QUANTUM if quantum is None else quantum
    if name.endswith(".py"):
        return Own(turn, load_choice(name))
    if name == "lottery":
        return Lottery(turn, _draw(randoms, seed))
    if name == "priority":
        return Priority(quantum or 0, aging)
    if name not in POLICIES:
        raise UsageError(f"no policy {name!r}; there are {', '.join(POLICIES)}, or a file of your own: mine.py")
    return by_name(name, turn)


def _draw(randoms: Sequence[int] | None, seed: int) -> Callable[[], int]:
    given, own = iter(randoms or ()), Numbers(seed)

    def draw() -> int:
        number = next(given, None)
        return own() if number is None else number

    return draw


def _figures(machine: Machine, tasks: Sequence[Task]) -> dict[str, Any]:
    jobs = [
        {"response": first - t.arrival, "turnaround": end - t.arrival, "wait": end - t.arrival - t.length}
        for t, first, end in zip(tasks, machine.first, machine.end, strict=True)
    ]
    average = {key: sum(job[key] for job in jobs) / len(jobs) for key in ("response", "turnaround", "wait")}
    return {"jobs": jobs, "average": average, "timeline": [[s.start, s.job, s.length] for s in machine.slices]}


def problem_text(policy: str, jobs: Sequence[int], arrivals: Sequence[int] | None, quantum: int | None) -> str:
    starts = per_job(arrivals, len(jobs), "--arrivals", 0)
    lines = [f"Policy {policy}" + (f", quantum {quantum}" if quantum else "") + "; jobs " + listed(jobs), ""]
    lines += [f"  job {n}: arrives at {s}, needs {j} ticks" for n, (j, s) in enumerate(zip(jobs, starts, strict=True))]
    lines += ["", "When does each job run? Give response, turnaround and wait of each, and their averages."]
    return "\n".join([*lines, "Then look at the answer: the same command with --solve."])


def solution_text(result: dict[str, Any]) -> str:
    lines = ["timeline"] + [f"  {s:>6}  job {job} runs {n} ticks" for s, job, n in result["timeline"]]
    lines += ["", f"{'':8}{'response':>10}{'turnaround':>12}{'wait':>10}"]
    for n, job in enumerate(result["jobs"]):
        lines.append(f"job {n:<4}{job['response']:>10}{job['turnaround']:>12}{job['wait']:>10}")
    average = result["average"]
    return "\n".join(
        [*lines, f"average {average['response']:>10.2f}{average['turnaround']:>12.2f}{average['wait']:>10.2f}"]
    )
