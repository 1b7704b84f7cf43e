"""Lab: process states. CPU and device busy at the same time, or not. OSTEP, chapter 4.

Knows: instructions, one CPU, devices that never queue. Does not know: policies; who runs next here is the next ready
process by number, going round.

Decided here: an I/O is two instructions, one that issues it and, `io_time` ticks later, one that completes it. The
device is busy in the ticks strictly between. A process whose I/O is done while the CPU is idle runs at once;
otherwise `later` makes it wait until the CPU is free, and `immediate` interrupts the running one. With `on-end` the
CPU stays with a process while its I/O runs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

from llmos.errors import UsageError

from .numbers import number

SWITCH = ("on-io", "on-end")
IO_DONE = ("later", "immediate")
IO_TIME = 5
MOST = 200_000  # instructions in all
CPU, ISSUE, COMPLETE = "cpu", "io", "io-done"


def parse(text: str) -> list[tuple[int, int]]:
    """(instructions, percent that use the CPU) out of 4:100,1:0; raises UsageError."""
    jobs = []
    for part in text.split(","):
        if part.count(":") != 1:
            raise UsageError(f"--jobs takes INSTRUCTIONS:PERCENT,...; {part!r} is none")
        count, percent = (number(field, "--jobs") for field in part.split(":"))
        if count < 1 or percent > 100:
            raise UsageError(f"--jobs: {part!r} needs at least 1 instruction and at most 100 percent")
        jobs.append((count, percent))
    if sum(count for count, _ in jobs) > MOST:
        raise UsageError(f"--jobs has more than {MOST:,} instructions in all")
    return jobs


def programs(jobs: Sequence[tuple[int, int]], seed: int) -> list[list[str]]:
    """The instructions of each process; an I/O becomes the pair that issues and completes it."""
    random = Random(seed)
    written = []
    for count, percent in jobs:
        code: list[str] = []
        for _ in range(count):
            code += [CPU] if random.random() * 100 < percent else [ISSUE, COMPLETE]
        written.append(code)
    return written


@dataclass(slots=True)
class Computer:
    code: list[list[str]]
    switch: str
    io_done: str
    io_time: int
    at: list[int] = field(default_factory=list)  # next instruction of each process
    ready: list[bool] = field(default_factory=list)
    back: dict[int, int] = field(default_factory=dict)  # tick at which an I/O is done -> process
    running: int = -1
    last: int = 0  # who ran last
    tick: int = 0
    cpu_busy: int = 0
    io_busy: int = 0
    chart: list[list[str]] = field(default_factory=list)  # per tick, what each process does

    def run(self) -> None:
        count = len(self.code)
        self.at, self.ready = [0] * count, [True] * count
        self._take(0)
        while any(self.at[n] < len(self.code[n]) for n in range(count)):
            self.tick += 1
            self._complete()
            self._execute()

    def _take(self, process: int) -> None:
        self.running = self.last = process
        self.ready[process] = False

    def _take_next(self) -> None:
        """The next ready process after the last one, by number, going round."""
        count = len(self.code)
        self.running = -1
        for n in (*range(self.last + 1, count), *range(self.last + 1)):
            if self.ready[n]:
                self._take(n)
                return

    def _complete(self) -> None:
        process = self.back.pop(self.tick, None)
        if process is None:
            return
        self.ready[process] = True
        if self.running >= 0:
            if self.io_done == "later":
                return
            self.ready[self.running] = True
        self._take(process)

    def _execute(self) -> None:
        process = self.running
        instruction = self.code[process][self.at[process]] if process >= 0 else ""
        self._note(instruction)
        self.cpu_busy += bool(instruction)
        self.io_busy += bool(self.back)
        if process < 0:
            return
        self.at[process] += 1
        if instruction == ISSUE:
            self.back[self.tick + self.io_time + 1] = process
            self.running = -1
            if self.switch == "on-io":
                self._take_next()
        elif self.at[process] == len(self.code[process]):
            self._take_next()

    def _note(self, instruction: str) -> None:
        blocked = set(self.back.values())
        self.chart.append(
            [
                f"RUN:{instruction}"
                if n == self.running
                else "BLOCKED"
                if n in blocked
                else "READY"
                if self.at[n] < len(self.code[n])
                else "DONE"
                for n in range(len(self.code))
            ]
        )


def _solve(jobs: Sequence[tuple[int, int]], switch: str, io_done: str, io_time: int, seed: int) -> Computer:
    if switch not in SWITCH:
        raise UsageError(f"--switch is {switch!r}; there are {', '.join(SWITCH)}")
    if io_done not in IO_DONE:
        raise UsageError(f"--io-done is {io_done!r}; there are {', '.join(IO_DONE)}")
    if not 0 <= io_time <= 10_000:
        raise UsageError(f"--io-time is {io_time}; allowed are 0 to 10,000")
    computer = Computer(programs(jobs, seed), switch, io_done, io_time)
    computer.run()
    return computer


def run_process(
    jobs: Sequence[tuple[int, int]],
    switch: str = "on-io",
    io_done: str = "later",
    io_time: int = IO_TIME,
    seed: int = 0,
) -> dict[str, Any]:
    """Ticks in all, ticks in which the CPU and in which any I/O was busy. Raises UsageError."""
    computer = _solve(jobs, switch, io_done, io_time, seed)
    return {"total": computer.tick, "cpu_busy": computer.cpu_busy, "io_busy": computer.io_busy}


def problem(seed: int) -> list[tuple[int, int]]:
    random = Random(seed)
    return [(random.randint(1, 5), random.choice((0, 50, 100))) for _ in range(2)]


def problem_text(jobs: Sequence[tuple[int, int]], switch: str, io_done: str, io_time: int, seed: int) -> str:
    lines = [f"Switch {switch}; a finished I/O runs {io_done}; an I/O takes {io_time} ticks.", ""]
    for n, code in enumerate(programs(jobs, seed)):
        lines.append(f"  process {n}: {' '.join(i for i in code if i != COMPLETE)}")
    lines += ["", "What is each process doing at each tick? How long does it take, how busy are CPU and devices?"]
    return "\n".join([*lines, "Then look at the answer: the same command with --solve."])


def solution_text(jobs: Sequence[tuple[int, int]], switch: str, io_done: str, io_time: int, seed: int) -> str:
    computer = _solve(jobs, switch, io_done, io_time, seed)
    lines = ["tick" + "".join(f"{f'process {n}':>13}" for n in range(len(jobs)))]
    lines += [f"{t:>4}" + "".join(f"{what:>13}" for what in row) for t, row in enumerate(computer.chart, 1)]
    return "\n".join(
        [*lines, "", f"total {computer.tick}, CPU busy {computer.cpu_busy}, I/O busy {computer.io_busy} ticks"]
    )
