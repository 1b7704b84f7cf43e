"""The laws of the policies, over random workloads: what the textbook proves, checked on the classes the kernel runs."""

from __future__ import annotations

from itertools import permutations
from math import sqrt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmos.labs.onecpu import Machine, Task, simulate
from llmos.labs.paging import make_policy, replay
from llmos_kernel.replacement import REPLACEMENTS, Opt
from llmos_kernel.sched import POLICIES, Job, Lottery, Mlfq, Policy, Priority, RoundRobin, Stride, TokenFair, by_name
from llmos_kernel.sched.lottery import Numbers

WITHOUT_END = 10**9
tasks = st.lists(
    st.builds(
        Task,
        length=st.integers(1, 30),
        arrival=st.integers(0, 40),
        io_every=st.just(0),
        priority=st.integers(1, 4),
        tickets=st.integers(1, 300),
    ),
    min_size=1,
    max_size=7,
)
tasks_with_io = st.lists(
    st.builds(
        Task,
        length=st.integers(1, 30),
        arrival=st.integers(0, 40),
        io_every=st.integers(0, 5),
        priority=st.integers(1, 4),
        tickets=st.integers(1, 300),
    ),
    min_size=1,
    max_size=6,
)
names = st.sampled_from(sorted(POLICIES))
quanta = st.integers(1, 9)


def when(machine: Machine) -> list[tuple[int, int, int]]:
    """The timeline without the levels."""
    return [(s.start, s.job, s.length) for s in machine.slices]


# -- scheduling ---------------------------------------------------------------------------------------------------------


@given(names, quanta, tasks_with_io, st.integers(0, 6))
def test_every_policy_conserves_work_and_serves_nobody_before_its_time(
    name: str, quantum: int, jobs: list[Task], io_time: int
) -> None:
    machine = simulate(by_name(name, quantum), jobs, io_time)
    for number, task in enumerate(jobs):
        assert sum(s.length for s in machine.slices if s.job == number) == task.length
        assert machine.first[number] >= task.arrival
        assert machine.end[number] - machine.first[number] >= task.length
    ends = [s.start + s.length for s in machine.slices]
    assert all(end <= s.start for end, s in zip(ends, machine.slices[1:], strict=False)), "two jobs at once"


@given(names, quanta, tasks)
def test_the_cpu_is_idle_only_when_nobody_is_there(name: str, quantum: int, jobs: list[Task]) -> None:
    machine = simulate(by_name(name, quantum), jobs)
    done = 0
    for task in sorted(jobs, key=lambda t: t.arrival):  # any work-conserving policy ends at the same tick
        done = max(done, task.arrival) + task.length
    assert max(machine.end) == done


@given(tasks)
def test_round_robin_without_end_of_quantum_is_fifo(jobs: list[Task]) -> None:
    fifo = when(simulate(by_name("fifo", 1), jobs))
    assert when(simulate(RoundRobin(WITHOUT_END), jobs)) == fifo
    assert when(simulate(RoundRobin(0), jobs)) == fifo


@given(tasks_with_io, quanta)
def test_mlfq_with_one_queue_is_round_robin(jobs: list[Task], quantum: int) -> None:
    plain = [task._replace(io_every=0) for task in jobs]
    assert when(simulate(Mlfq(quantum, queues=1, boost=0), plain)) == when(simulate(RoundRobin(quantum), plain))


@given(st.lists(st.integers(1, 20), min_size=1, max_size=5))
def test_no_order_waits_less_than_shortest_first(lengths: list[int]) -> None:
    machine = simulate(by_name("sjf", 1), [Task(n) for n in lengths])
    waited = sum(end - n for end, n in zip(machine.end, lengths, strict=True))
    assert waited == min(sum(sum(order[:i]) for i in range(len(order))) for order in permutations(lengths))


@given(tasks, names, quanta)
def test_no_policy_turns_around_sooner_than_stcf(jobs: list[Task], name: str, quantum: int) -> None:
    assert sum(simulate(by_name("stcf", 1), jobs).end) <= sum(simulate(by_name(name, quantum), jobs).end)


def share(policy: Policy, tickets: list[int], ticks: int) -> list[int]:
    """Ticks that processes get which always want to run."""
    for pid, held in enumerate(tickets, 1):
        policy.add(Job(pid, tickets=held))
    got = [0] * len(tickets)
    running = policy.pick()
    for now in range(ticks):
        policy.advance(now)
        if policy.yields(running):
            policy.requeue(running)
            running = policy.pick()
        got[running - 1] += 1
        policy.charge(running, 1, 0)
    return got


@settings(deadline=None, derandomize=True)
@given(st.lists(st.integers(1, 200), min_size=2, max_size=5), st.integers(0, 2**64))
def test_lottery_shares_are_within_three_sigma_of_the_tickets(tickets: list[int], seed: int) -> None:
    draws, whole = 2_000, sum(tickets)
    got = share(Lottery(1, Numbers(seed)), tickets, draws)
    within = [
        abs(n - draws * held / whole) <= 3 * sqrt(draws * (held / whole) * (1 - held / whole)) + 1
        for n, held in zip(got, tickets, strict=True)
    ]
    assert sum(within) >= len(within) - 1  # a hundred draws of 3 sigma each: one in 370 may lie outside


@pytest.mark.parametrize("name", ["stride", "fair", "token-fair"])
@given(tickets=st.lists(st.integers(1, 16), min_size=2, max_size=2), quantum=quanta, ticks=st.integers(1, 400))
def test_of_two_each_is_within_a_quantum_of_its_share(name: str, tickets: list[int], quantum: int, ticks: int) -> None:
    got = share(by_name(name, quantum), tickets, ticks)
    assert all(abs(n - ticks * held / sum(tickets)) <= quantum for n, held in zip(got, tickets, strict=True))


@given(st.lists(st.integers(1, 16), min_size=2, max_size=6), quanta, st.integers(1, 400))
def test_stride_keeps_any_two_within_a_quantum_of_their_ratio(tickets: list[int], quantum: int, ticks: int) -> None:
    got = share(Stride(quantum), tickets, ticks)
    for n, held in zip(got, tickets, strict=True):
        for m, other in zip(got, tickets, strict=True):
            assert n / held - m / other <= quantum / held + 1e-9


@pytest.mark.parametrize("name", ["rr", "priority", "mlfq", "lottery", "stride", "fair", "token-fair"])
def test_nobody_starves_beside_a_crowd_that_never_ends(name: str) -> None:
    policy = by_name(name, 5)
    for pid in range(1, 7):
        policy.add(Job(pid, length=10, priority=9, tickets=100))
    policy.add(Job(7, length=10_000, priority=1, tickets=10))
    ran, running = 0, policy.pick()
    for now in range(12_000):
        policy.advance(now)
        if policy.yields(running):
            policy.requeue(running)
            running = policy.pick()
        policy.charge(running, 1, 0)
        ran += running == 7
    assert ran >= 20


@pytest.mark.parametrize("name", ["sjf", "stcf"])
def test_the_unfair_ones_starve_honestly(name: str) -> None:
    jobs = [Task(30), *(Task(2, arrival=n) for n in range(0, 200, 2))]
    machine = simulate(by_name(name, 1), jobs)
    assert machine.first[0] == 200, "the long job waits for the last of the short ones"


def test_priority_without_aging_starves_and_with_aging_does_not() -> None:
    jobs = [Task(500, priority=3), Task(10, priority=1)]
    assert simulate(Priority(5, aging=0), jobs).first[1] == 500
    assert simulate(Priority(5, aging=20), jobs).first[1] <= 50


def test_a_higher_priority_interrupts_and_equals_do_not() -> None:
    jobs = [Task(10, priority=1), Task(3, arrival=2, priority=1), Task(3, arrival=4, priority=2)]
    assert when(simulate(Priority(0, aging=0), jobs)) == [(0, 0, 4), (4, 2, 3), (7, 0, 6), (13, 1, 3)]


def test_stcf_interrupts_only_for_strictly_less() -> None:
    jobs = [Task(10), Task(6, arrival=4), Task(3, arrival=5)]
    assert when(simulate(by_name("stcf", 1), jobs)) == [(0, 0, 5), (5, 2, 3), (8, 0, 5), (13, 1, 6)]


def test_stride_runs_the_textbooks_table() -> None:
    """OSTEP, figure 9.3: 100, 50 and 250 tickets."""
    jobs = [Task(2, tickets=100), Task(1, tickets=50), Task(5, tickets=250)]
    order = [s.job for s in simulate(Stride(1), jobs).slices for _ in range(s.length)]
    assert order == [0, 1, 2, 2, 2, 0, 2, 2]


def test_token_fair_gives_equal_tokens_where_ticks_are_unequal() -> None:
    """One process reads 64 tokens a tick, the other writes one."""
    policy = TokenFair(4)
    policy.add(Job(1))
    policy.add(Job(2))
    served, running = {1: 0, 2: 0}, policy.pick()
    for _ in range(5_000):
        if policy.yields(running):
            policy.requeue(running)
            running = policy.pick()
        reads = running == 1
        policy.charge(running, 0 if reads else 1, 64 if reads else 0)
        served[running] += 64 if reads else 4
    assert abs(served[1] - served[2]) <= 64 + 2 * 16


@given(names, st.lists(st.tuples(st.sampled_from("arkpw"), st.integers(1, 6)), max_size=60))
def test_a_policy_never_loses_or_doubles_anybody(name: str, steps: list[tuple[str, int]]) -> None:
    policy = by_name(name, 3)
    waiting: set[int] = set()
    running: set[int] = set()
    for now, (step, pid) in enumerate(steps):
        policy.advance(now)
        if step == "a" and pid not in waiting | running:
            policy.add(Job(pid, length=5, priority=pid, tickets=pid))
            waiting.add(pid)
        elif step == "r" and pid in running:
            policy.charge(pid, 1, 0)
            policy.requeue(pid)
            running.remove(pid)
            waiting.add(pid)
        elif step == "k":
            if pid in waiting:
                policy.remove(pid)
            policy.forget(pid)
            waiting.discard(pid)
            running.discard(pid)
        elif step == "w" and pid in running:  # it waits for something and comes back with the next "a"
            running.remove(pid)
        elif step == "p":
            picked = policy.pick()
            assert (picked in waiting) if waiting else picked == 0
            if picked:
                waiting.remove(picked)
                running.add(picked)
        assert policy.waiting() == len(waiting)


# -- page replacement ---------------------------------------------------------------------------------------------------

references = st.lists(st.integers(0, 7), max_size=60)
frames = st.integers(1, 6)
replacements = st.sampled_from([*REPLACEMENTS, "opt"])


@given(replacements, frames, references)
def test_hits_and_misses_are_all_references_and_the_first_of_each_page_misses(
    name: str, count: int, refs: list[int]
) -> None:
    hits, victims = replay(make_policy(name, count, refs), count, refs)
    resident: set[int] = set()
    for page, hit, victim in zip(refs, hits, victims, strict=True):
        assert hit == (page in resident)
        assert (victim is not None) == (not hit and len(resident) == count)
        if victim is not None:
            resident.remove(victim)
        resident.add(page)
        assert len(resident) <= count


@given(replacements, frames, references)
def test_opt_is_never_beaten(name: str, count: int, refs: list[int]) -> None:
    best, _ = replay(Opt(refs), count, refs)
    hits, _ = replay(make_policy(name, count, refs), count, refs)
    assert sum(hits) <= sum(best)


@given(frames, references)
def test_opt_takes_whom_a_plain_search_of_the_future_takes(count: int, refs: list[int]) -> None:
    _, victims = replay(Opt(refs), count, refs)
    resident: list[int] = []
    for now, (page, victim) in enumerate(zip(refs, victims, strict=True)):
        if page not in resident:
            if len(resident) == count:
                never = [p for p in resident if p not in refs[now:]]
                wanted = never[-1] if never else max(resident, key=refs[now:].index)
                assert victim == wanted
                resident.remove(wanted)
            resident.append(page)


def held(name: str, count: int, refs: list[int]) -> list[set[int]]:
    """Which pages are resident after each reference."""
    _, victims = replay(make_policy(name, count, refs), count, refs)
    resident: set[int] = set()
    out = []
    for page, victim in zip(refs, victims, strict=True):
        resident = (resident - {victim}) | {page}
        out.append(set(resident))
    return out


@given(frames, references)
def test_lru_has_the_stack_property(count: int, refs: list[int]) -> None:
    assert all(a <= b for a, b in zip(held("lru", count, refs), held("lru", count + 1, refs), strict=True))


@given(frames, references)
def test_more_frames_never_hurt_opt(count: int, refs: list[int]) -> None:
    fewer, _ = replay(Opt(refs), count, refs)
    more, _ = replay(Opt(refs), count + 1, refs)
    assert sum(fewer) <= sum(more)


BELADY = [1, 2, 3, 4, 1, 2, 5, 1, 2, 3, 4, 5]


@pytest.mark.parametrize(
    ("name", "count", "misses"),
    [("fifo", 3, 9), ("fifo", 4, 10), ("lru", 3, 10), ("lru", 4, 8), ("opt", 3, 7), ("opt", 4, 6)],
)
def test_beladys_string(name: str, count: int, misses: int) -> None:
    hits, _ = replay(make_policy(name, count, BELADY), count, BELADY)
    assert hits.count(False) == misses


@pytest.mark.parametrize("name", [*REPLACEMENTS, "opt"])
def test_with_one_frame_all_policies_are_one(name: str) -> None:
    hits, victims = replay(make_policy(name, 1, [1, 1, 2, 2, 1]), 1, [1, 1, 2, 2, 1])
    assert (hits, victims) == ([False, True, False, True, False], [None, None, 1, None, 2])


@pytest.mark.parametrize(
    ("name", "count", "refs", "victims"),
    [
        # all bits set: once round, then the first; after it 2 and 3 have clear bits, so 1 coming back takes 3 once 2 was used
        ("clock", 3, [1, 2, 3, 4, 2, 5], [None, None, None, 1, None, 3]),
        ("lfu", 2, [1, 1, 2, 3, 2], [None, None, None, 2, 3]),
        ("lfu", 2, [1, 2, 3], [None, None, 1]),
        ("mru", 3, [1, 2, 3, 1, 4], [None, None, None, None, 1]),
        # 1 leaves the fresh, is remembered, returns proven, and survives the scan 5, 6, 7
        ("2q", 4, [1, 2, 3, 4, 5, 1, 6, 7, 1], [None, None, None, None, 1, 2, 3, 4, None]),
        # 1 and 2 are never needed again: the one that came in last goes
        ("opt", 3, [1, 2, 3, 4, 3], [None, None, None, 2, None]),
    ],
)
def test_worked_by_hand(name: str, count: int, refs: list[int], victims: list[int | None]) -> None:
    assert replay(make_policy(name, count, refs), count, refs)[1] == victims


def test_clock_without_second_chances_is_fifo() -> None:
    scan = list(range(20))
    assert replay(make_policy("clock", 4, scan), 4, scan) == replay(make_policy("fifo", 4, scan), 4, scan)


def test_two_q_keeps_the_proven_through_a_scan() -> None:
    """LRU loses its pages to one long scan; 2Q does not."""
    proven = [1, 10, 11, 12, 13, 1, 14, 15, 16, 1]
    refs = [*proven, *range(100, 120), 1]
    assert replay(make_policy("2q", 4, refs), 4, refs)[0][-1]
    assert not replay(make_policy("lru", 4, refs), 4, refs)[0][-1]
