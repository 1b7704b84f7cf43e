"""Lab: the multi-level feedback queue, with I/O. OSTEP, chapter 8.

Knows: how a problem is made, put into words and solved. Does not know: the rules; they are in the kernel's `mlfq.py`.

Decided here: the timeline leaves idle ticks out, so two runs of a job with only idling between them are one entry. A job
whose last tick is also one of its I/O ticks is done and issues none. No boost unless asked. What happens first at
the same tick is in `onecpu.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Any

from llmos.errors import UsageError
from llmos_kernel.sched import Mlfq

from .numbers import number
from .onecpu import Slice, Task, simulate

QUEUES, QUANTUM, IO_TIME = 3, 10, 5
MOST_QUEUES = 1_000


def problem(seed: int, count: int = 3, longest: int = 100, io: int = 10) -> list[Task]:
    random = Random(seed)
    return [Task(random.randint(1, longest), 0, random.randint(0, io)) for _ in range(count)]


def parse(text: str) -> list[Task]:
    """Tasks out of START,LENGTH,IOFREQ:START,LENGTH,IOFREQ; raises UsageError."""
    tasks = []
    for part in text.split(":"):
        fields = part.split(",")
        if len(fields) != 3:
            raise UsageError(f"--jobs takes START,LENGTH,IOFREQ:START,LENGTH,IOFREQ; {part!r} is none")
        start, length, every = (number(field, "--jobs") for field in fields)
        tasks.append(Task(length, start, every))
    return tasks


def run_mlfq(
    queues: int = QUEUES,
    quantum: int = QUANTUM,
    jobs: Sequence[Task] | None = None,
    boost: int = 0,
    io_time: int = IO_TIME,
    stay: bool = False,
    io_bump: bool = False,
    seed: int = 0,
) -> dict[str, Any]:
    """Jobs and timeline. With no `jobs` the seed makes them, and "problem" says what they are."""
    for value, least, option in (
        (queues, 1, "queues"),
        (quantum, 1, "quantum"),
        (boost, 0, "boost"),
        (io_time, 0, "io-time"),
    ):
        if value < least:
            raise UsageError(f"--{option} is {value}; the least is {least}")
    if queues > MOST_QUEUES:
        raise UsageError(f"--queues is {queues}; the most is {MOST_QUEUES}")
    tasks = list(jobs) if jobs is not None else problem(seed)
    machine = simulate(Mlfq(quantum, queues, boost, stay, io_bump), tasks, io_time)
    result = {
        "jobs": [
            {"start": task.arrival, "response": first - task.arrival, "turnaround": end - task.arrival}
            for task, first, end in zip(tasks, machine.first, machine.end, strict=True)
        ],
        "timeline": merged(machine.slices),
    }
    if jobs is None:
        return {"problem": {"jobs": [[task.arrival, task.length, task.io_every] for task in tasks]}, **result}
    return result


def merged(slices: Sequence[Slice]) -> list[list[int]]:
    """[job, queue, ticks], neighbours of the same job and queue joined."""
    timeline: list[list[int]] = []
    for piece in slices:
        if timeline and timeline[-1][:2] == [piece.job, piece.level]:
            timeline[-1][2] += piece.length
        else:
            timeline.append([piece.job, piece.level, piece.length])
    return timeline


def problem_text(queues: int, quantum: int, jobs: Sequence[Task], boost: int, io_time: int) -> str:
    lines = [
        f"{queues} queues, quantum {quantum}, I/O takes {io_time}" + (f", boost every {boost}" if boost else ""),
        "",
    ]
    for n, task in enumerate(jobs):
        io = f"I/O after every {task.io_every}" if task.io_every else "no I/O"
        lines.append(f"  job {n}: starts at {task.arrival}, needs {task.length} ticks, {io}")
    lines += ["", f"Who runs in which queue (the highest is {queues - 1})? Give response and turnaround of each job."]
    return "\n".join([*lines, "Then look at the answer: the same command with --solve."])


def solution_text(result: dict[str, Any]) -> str:
    lines = ["timeline"] + [f"  job {job} in queue {queue}: {ticks} ticks" for job, queue, ticks in result["timeline"]]
    lines += ["", f"{'':8}{'start':>8}{'response':>10}{'turnaround':>12}"]
    for n, job in enumerate(result["jobs"]):
        lines.append(f"job {n:<4}{job['start']:>8}{job['response']:>10}{job['turnaround']:>12}")
    return "\n".join(lines)
