"""One CPU, one policy, a list of tasks: the simulated machine under the scheduling labs.

Knows: ticks, arrivals, I/O that takes a fixed time. Does not know: which policy it drives. Lengths are whole ticks.

What happens at the same tick, in order: the job that just ran finishes, blocks, or, if its turn is over, goes back to
the queue; the clock tells the policy (a boost happens here); new jobs come, by number; finished I/O comes back, in
the order in which it was issued; then the policy may interrupt the running job; then the next one is picked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from llmos.errors import UsageError
from llmos_kernel.sched import Job, Policy

MOST_TICKS = 2_000_000  # CPU ticks of one lab; a larger one would only make people wait
MOST_TIME = 1_000_000_000  # the latest start


class Task(NamedTuple):
    length: int  # ticks of CPU it needs
    arrival: int = 0
    io_every: int = 0  # blocks after every so many ticks; 0 = never
    priority: int = 1
    tickets: int = 100


class Slice(NamedTuple):
    """One stretch of the timeline. `level` is the queue of a policy that has several, else 0."""

    start: int
    job: int
    length: int
    level: int


@dataclass(slots=True)
class Machine:
    policy: Policy
    tasks: Sequence[Task]
    io_time: int
    first: list[int] = field(default_factory=list)  # tick of each job's first run, -1 = not yet
    end: list[int] = field(default_factory=list)  # tick at which each was done
    slices: list[Slice] = field(default_factory=list)
    now: int = 0
    running: int = -1  # a job's number, -1 = none
    unfinished: int = 0
    left: list[int] = field(default_factory=list)
    arrivals: list[tuple[int, int]] = field(default_factory=list)  # (tick, job), latest first
    returns: list[tuple[int, int]] = field(default_factory=list)  # (tick, job), in the order of issue

    def run(self) -> None:
        _check(self.tasks)
        self.left = [task.length for task in self.tasks]
        self.first, self.end = [-1] * len(self.tasks), [-1] * len(self.tasks)
        self.arrivals = sorted(((t.arrival, n) for n, t in enumerate(self.tasks)), reverse=True)
        self.unfinished = len(self.tasks)
        while self.unfinished:
            self._enter()
            self._decide()
            if self.running >= 0:
                self._tick()
            else:
                self.now = min(tick for tick, _ in [*self.arrivals[-1:], *self.returns[:1]])
        assert not self.policy.waiting(), "somebody still waits"

    def _enter(self) -> None:
        self.policy.advance(self.now)
        while self.arrivals and self.arrivals[-1][0] <= self.now:
            self._add(self.arrivals.pop()[1])
        while self.returns and self.returns[0][0] <= self.now:
            self._add(self.returns.pop(0)[1])

    def _add(self, job: int) -> None:
        task = self.tasks[job]
        self.policy.add(Job(job + 1, self.left[job], task.priority, task.tickets))

    def _decide(self) -> None:
        if self.running >= 0 and self.policy.yields(self.running + 1):
            self.policy.requeue(self.running + 1)
            self.running = -1
        if self.running < 0:
            self.running = self.policy.pick() - 1

    def _tick(self) -> None:
        job, task = self.running, self.tasks[self.running]
        if self.first[job] < 0:
            self.first[job] = self.now
        self._draw(job)
        self.now += 1
        self.left[job] -= 1
        self.policy.charge(job + 1, 1, 0)
        if not self.left[job]:
            self.end[job], self.running = self.now, -1
            self.unfinished -= 1
            self.policy.forget(job + 1)
        elif task.io_every and (task.length - self.left[job]) % task.io_every == 0:
            self.returns.append((self.now + self.io_time, job))
            self.running = -1
        elif self.policy.yields(job + 1):
            self.policy.requeue(job + 1)
            self.running = -1

    def _draw(self, job: int) -> None:
        """Add a tick to the timeline; a stretch of the same job at the same level is one slice."""
        level = getattr(self.policy, "level", {}).get(job + 1, 0)
        last = self.slices[-1] if self.slices else None
        if last and (last.job, last.level) == (job, level) and last.start + last.length == self.now:
            self.slices[-1] = last._replace(length=last.length + 1)
        else:
            self.slices.append(Slice(self.now, job, 1, level))


def _check(tasks: Sequence[Task]) -> None:
    if not tasks:
        raise UsageError("a lab needs at least one job")
    if sum(task.length for task in tasks) > MOST_TICKS:
        raise UsageError(f"the jobs need more than {MOST_TICKS:,} ticks in all; shorten them")
    for number, task in enumerate(tasks):
        if task.length < 1:
            raise UsageError(f"job {number} has length {task.length}; the least is 1")
        if not 0 <= task.arrival <= MOST_TIME:
            raise UsageError(f"job {number} arrives at {task.arrival}; allowed are 0 to {MOST_TIME:,}")
        if task.tickets < 1:
            raise UsageError(f"job {number} holds {task.tickets} tickets; the least is 1")
        if task.io_every < 0:
            raise UsageError(f"job {number} does I/O every {task.io_every} ticks; the least is 0 (never)")


def simulate(policy: Policy, tasks: Sequence[Task], io_time: int = 0) -> Machine:
    """Run all tasks to their end and give back the machine with its figures. Raises UsageError for impossible tasks."""
    machine = Machine(policy, tasks, io_time)
    machine.run()
    return machine
