"""The labs against a second, plain implementation of the textbook: one loop over ticks, lists for queues, no policy classes."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from llmos.labs import mlfq, process, sched
from llmos.labs.onecpu import Task

jobs_with_io = st.lists(
    st.builds(
        Task,
        length=st.integers(1, 25),
        arrival=st.integers(0, 30),
        io_every=st.integers(0, 6),
        priority=st.just(1),
        tickets=st.just(1),
    ),
    min_size=1,
    max_size=4,
)


def plain_mlfq(
    queues: int, quantum: int, jobs: list[Task], boost: int, io_time: int, stay: bool, bump: bool
) -> tuple[list[list[int]], list[list[int]]]:
    """(start, response, turnaround) of each job and [job, queue, ticks], by the rules of the textbook's chapter 8."""
    top, now, done = queues - 1, 0, 0
    lines: list[list[int]] = [[] for _ in range(queues)]
    level, ticks, left = [top] * len(jobs), [quantum] * len(jobs), [job.length for job in jobs]
    first, end = [-1] * len(jobs), [-1] * len(jobs)
    coming: dict[int, list[tuple[int, bool]]] = {}
    for n, job in enumerate(jobs):
        coming.setdefault(job.arrival, []).append((n, False))
    timeline: list[list[int]] = []
    while done < len(jobs):
        if boost and now and now % boost == 0:
            for q in range(top):
                lines[top] += lines[q]
                lines[q] = []
            level, ticks = [top] * len(jobs), [quantum] * len(jobs)
        for n, from_io in coming.pop(now, []):
            lines[level[n]].insert(0 if from_io and bump else len(lines[level[n]]), n)
        q = next((q for q in range(top, -1, -1) if lines[q]), -1)
        now += 1
        if q < 0:
            continue
        n = lines[q][0]
        if first[n] < 0:
            first[n] = now - 1
        if timeline and timeline[-1][:2] == [n, q]:
            timeline[-1][2] += 1
        else:
            timeline.append([n, q, 1])
        left[n] -= 1
        ticks[n] -= 1
        used_up = ticks[n] == 0
        if left[n] == 0:
            end[n] = now
            lines[q].pop(0)
            done += 1
            continue
        blocks = jobs[n].io_every > 0 and (jobs[n].length - left[n]) % jobs[n].io_every == 0
        if blocks:
            lines[q].pop(0)
            coming.setdefault(max(now + io_time, now), []).append((n, True))
            if stay:
                ticks[n] = quantum
        if used_up:
            if not blocks:
                lines[q].pop(0)
            level[n], ticks[n] = max(0, q - 1), quantum
            if not blocks:
                lines[level[n]].append(n)
    return [[j.arrival, f - j.arrival, e - j.arrival] for j, f, e in zip(jobs, first, end, strict=True)], timeline


@settings(max_examples=200, deadline=None)
@given(
    st.integers(1, 4),
    st.integers(1, 8),
    jobs_with_io,
    st.integers(1, 6),
    st.booleans(),
    st.booleans(),
    st.integers(0, 40),
)
def test_mlfq(queues: int, quantum: int, jobs: list[Task], io_time: int, stay: bool, bump: bool, boost: int) -> None:
    answer = mlfq.run_mlfq(queues, quantum, jobs, boost, io_time, stay, bump)
    figures, timeline = plain_mlfq(queues, quantum, jobs, boost, io_time, stay, bump)
    assert [[j["start"], j["response"], j["turnaround"]] for j in answer["jobs"]] == figures
    assert answer["timeline"] == timeline


def figures(ran: list[int], lengths: list[int]) -> dict[str, float]:
    """Averages out of the job that ran in each tick; all came at 0."""
    count = len(lengths)
    response = [ran.index(n) for n in range(count)]
    turnaround = [len(ran) - ran[::-1].index(n) for n in range(count)]
    wait = [t - length for t, length in zip(turnaround, lengths, strict=True)]
    return {
        "response": sum(response) / count,
        "turnaround": sum(turnaround) / count,
        "wait": sum(wait) / count,
    }


@given(st.lists(st.integers(1, 20), min_size=1, max_size=6), st.integers(1, 5))
def test_round_robin(lengths: list[int], quantum: int) -> None:
    line, left, ran = list(range(len(lengths))), lengths.copy(), list[int]()
    while line:
        n = line.pop(0)
        turn = min(quantum, left[n])
        ran += [n] * turn
        left[n] -= turn
        if left[n]:
            line.append(n)
    assert sched.run_sched("rr", lengths, quantum=quantum)["average"] == figures(ran, lengths)


@given(
    st.lists(st.tuples(st.integers(1, 12), st.integers(1, 300)), min_size=1, max_size=6),
    st.integers(1, 4),
    st.lists(st.integers(0, 10**6), min_size=80, max_size=80),
)
def test_lottery(jobs: list[tuple[int, int]], quantum: int, randoms: list[int]) -> None:
    lengths, tickets = [length for length, _ in jobs], [held for _, held in jobs]
    left, ran, draws = lengths.copy(), list[int](), iter(randoms)
    while any(left):
        ticket = next(draws) % sum(held for held, more in zip(tickets, left, strict=True) if more)
        for n, held in enumerate(tickets):
            if left[n]:
                if ticket < held:
                    break
                ticket -= held
        turn = min(quantum, left[n])
        ran += [n] * turn
        left[n] -= turn
    answer = sched.run_sched("lottery", lengths, quantum=quantum, tickets=tickets, randoms=randoms)
    assert [job for _, job, length in answer["timeline"] for _ in range(length)] == ran
    assert answer["average"] == figures(ran, lengths)


arriving = st.lists(st.tuples(st.integers(1, 15), st.integers(0, 25)), min_size=1, max_size=5)


def plain_queue(policy: str, jobs: list[tuple[int, int]], quantum: int) -> list[int]:
    """The job that runs in each tick, -1 for none: a list in which jobs stand as they came, looked through each time."""
    left, ran = [length for length, _ in jobs], list[int]()
    line: list[int] = []
    now, running, used = 0, -1, 0
    while any(left):
        if running >= 0 and (not left[running] or (policy == "rr" and used == quantum)):
            line += [running] if left[running] else []
            running = -1
        line += [n for n, (_, arrival) in enumerate(jobs) if arrival == now]
        if policy == "stcf" and running >= 0 and any(left[n] < left[running] for n in line):
            line.append(running)
            running = -1
        if running < 0 and line:
            running = line[0] if policy in ("fifo", "rr") else min(line, key=lambda n: (left[n], _came(jobs, n)))
            line.remove(running)
            used = 0
        ran.append(running)
        now, used = now + 1, used + 1
        if running >= 0:
            left[running] -= 1
    return ran


def _came(jobs: list[tuple[int, int]], n: int) -> tuple[int, int]:
    return jobs[n][1], n


@given(st.sampled_from(["fifo", "sjf", "stcf", "rr"]), arriving, st.integers(1, 4))
def test_arrivals(policy: str, jobs: list[tuple[int, int]], quantum: int) -> None:
    lengths, arrivals = [length for length, _ in jobs], [arrival for _, arrival in jobs]
    answer = sched.run_sched(policy, lengths, arrivals, quantum)
    ran = plain_queue(policy, jobs, quantum)
    drawn = [-1] * len(ran)
    for start, job, length in answer["timeline"]:
        drawn[start : start + length] = [job] * length
    assert drawn == ran
    for n, one in enumerate(answer["jobs"]):
        end = len(ran) - ran[::-1].index(n)
        assert one == {
            "response": ran.index(n) - arrivals[n],
            "turnaround": end - arrivals[n],
            "wait": end - arrivals[n] - lengths[n],
        }


def plain_process(code: list[list[str]], switch: str, done: str, io_time: int) -> dict[str, int]:
    """Chapter 4, tick by tick: a state for each process, and who is next is found by walking round."""
    code = [list(one) for one in code]
    count = len(code)
    state, ends = ["ready"] * count, [0] * count
    state[0], current = "running", 0
    tick = cpu = io = 0

    def walk() -> None:
        nonlocal current
        for n in [*range(current + 1, count), *range(current + 1)]:
            if state[n] == "ready":
                state[n], current = "running", n
                return

    while any(one != "over" for one in state):
        tick += 1
        for n in range(count):
            if state[n] == "waiting" and ends[n] == tick:
                state[n] = "ready"
                alone = sum(one in ("ready", "running") for one in state) == 1
                if done == "immediate" or switch == "on-end" or alone:
                    if state[current] == "running":
                        state[current] = "ready"
                    state[n], current = "running", n
        doing = code[current].pop(0) if state[current] == "running" else ""
        cpu += doing != ""
        io += any(state[n] == "waiting" and ends[n] > tick for n in range(count))
        if doing == process.ISSUE:
            state[current], ends[current] = "waiting", tick + io_time + 1
            if switch == "on-io":
                walk()
        if state[current] == "running" and not code[current]:
            state[current] = "over"
            walk()
    return {"total": tick, "cpu_busy": cpu, "io_busy": io}


@given(
    st.lists(st.tuples(st.integers(1, 8), st.sampled_from([0, 30, 50, 100])), min_size=1, max_size=5),
    st.sampled_from(process.SWITCH),
    st.sampled_from(process.IO_DONE),
    st.integers(0, 7),
    st.integers(0, 99),
)
def test_process(jobs: list[tuple[int, int]], switch: str, done: str, io_time: int, seed: int) -> None:
    answer = process.run_process(jobs, switch, done, io_time, seed)
    assert answer == plain_process(process.programs(jobs, seed), switch, done, io_time)
