"""The labs' answers, worked by hand from the textbook's rules, and their command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from llmos.errors import UsageError
from llmos.labs import mlfq, process, sched, translate
from llmos.labs.cli import lab_app
from llmos.labs.paging import run_paging


def lab(*arguments: str) -> dict[str, Any]:
    result = CliRunner().invoke(lab_app, [*arguments, "--json"], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    answer: dict[str, Any] = json.loads(result.stdout)
    return answer


def test_round_robin_known_answer() -> None:
    answer = lab("sched", "--policy", "rr", "--quantum", "2", "--jobs", "5,4,3,2")
    assert answer["average"] == {"response": 3, "turnaround": 11.75, "wait": 8.25}
    assert answer["timeline"] == [
        [0, 0, 2], [2, 1, 2], [4, 2, 2], [6, 3, 2], [8, 0, 2], [10, 1, 2], [12, 2, 1], [13, 0, 1]
    ]  # fmt: skip


def test_shortest_job_first_known_answer_and_ties_in_list_order() -> None:
    answer = lab("sched", "--policy", "sjf", "--jobs", "200,100,300")
    assert [round(x, 2) for x in answer["average"].values()] == [133.33, 333.33, 133.33]
    assert [job for _, job, _ in sched.run_sched("sjf", [5, 3, 5, 3])["timeline"]] == [1, 3, 0, 2]


def test_sjf_does_not_interrupt_and_stcf_does() -> None:
    """OSTEP 7.4 and 7.5: 100 at 0, two of 10 at 10: 103.33 against 50."""
    jobs, arrivals = [100, 10, 10], [0, 10, 10]
    assert round(sched.run_sched("sjf", jobs, arrivals)["average"]["turnaround"], 2) == 103.33
    assert sched.run_sched("stcf", jobs, arrivals)["average"]["turnaround"] == 50


def test_a_job_whose_quantum_ends_goes_before_one_that_comes_at_that_tick() -> None:
    assert sched.run_sched("rr", [4, 2], [0, 2], 2)["timeline"] == [[0, 0, 4], [4, 1, 2]]
    assert sched.run_sched("rr", [5, 2], [0, 1], 2)["timeline"] == [[0, 0, 2], [2, 1, 2], [4, 0, 3]]


def test_the_cpu_idles_until_the_next_arrival() -> None:
    answer = sched.run_sched("fifo", [2, 3], [5, 100])
    assert answer["timeline"] == [[5, 0, 2], [100, 1, 3]]
    assert answer["jobs"][1] == {"response": 0, "turnaround": 3, "wait": 0}


def test_lottery_with_given_randoms() -> None:
    """Tickets 10 and 100 and 5, total 115 while all live.

    844422 % 115 = 92 -> job 1 (10..109). 757955 % 115 = 105 -> job 1, done. 15 left: 420572 % 15 = 2 -> job 0.
    258917 % 15 = 2 -> job 0, done. The rest is job 2's.
    """
    randoms = [844422, 757955, 420572, 258917, 1, 1]
    answer = sched.run_sched("lottery", [2, 2, 2], tickets=[10, 100, 5], randoms=randoms)
    assert answer["timeline"] == [[0, 1, 2], [2, 0, 2], [4, 2, 2]]


def test_lottery_walks_the_list_from_its_head_even_after_a_turn() -> None:
    """Tickets 1 each of three jobs: randoms 0, 0, 2, 1 name jobs by place, whoever ran last."""
    answer = sched.run_sched("lottery", [3, 3, 3], tickets=[1, 1, 1], randoms=[0, 0, 2, 1])
    order = [job for _, job, n in answer["timeline"] for _ in range(n)]
    assert order[:4] == [0, 0, 2, 1]


def test_mlfq_known_answer() -> None:
    answer = lab("mlfq", "--queues", "3", "--quantum", "10", "--jobs", "0,180,0:100,20,0")
    assert [job["turnaround"] for job in answer["jobs"]] == [200, 20]
    assert answer["timeline"] == [[0, 2, 10], [0, 1, 10], [0, 0, 80], [1, 2, 10], [1, 1, 10], [0, 0, 80]]


@pytest.mark.parametrize(
    ("jobs", "options", "turnarounds", "responses"),
    [
        # one long job; OSTEP, figure 8.2
        ("0,200,0", [], [200], [0]),
        # an interactive job beside it: a tick every 6 from 50 on, the 25th ends at 195; figure 8.4
        ("0,175,0:50,25,1", ["--io-time", "5", "--stay"], [200, 145], [0, 0]),
        # gaming: 9 ticks and an I/O of one, 11 times, then one tick more; figure 8.6
        ("0,200,0:80,100,9", ["--io-time", "1", "--stay"], [300, 111], [0, 0]),
        # equals take turns of 10: 0 and 1 swap in the top queue, then in the middle, then at the bottom
        ("0,30,0:0,30,0", [], [50, 60], [0, 10]),
        # a job of exactly one quantum ends at the top and does not sink
        ("0,10,0:0,10,0", [], [10, 20], [0, 10]),
    ],
)
def test_mlfq_known_answers(jobs: str, options: list[str], turnarounds: list[int], responses: list[int]) -> None:
    answer = lab("mlfq", "--jobs", jobs, *options)["jobs"]
    assert [job["turnaround"] for job in answer] == turnarounds
    assert [job["response"] for job in answer] == responses


@pytest.mark.parametrize(
    ("arguments", "averages"),
    [
        # OSTEP 7.3: the convoy effect, and what shortest first makes of it
        (["--policy", "fifo", "--jobs", "100,10,10"], (70, 110, 70)),
        (["--policy", "sjf", "--jobs", "100,10,10"], (10, 50, 10)),
        # figure 7.7: round robin of one second on three jobs of five
        (["--policy", "rr", "--jobs", "5,5,5", "--quantum", "1"], (1, 14, 9)),
        # three jobs of 200 are one answer under FIFO and SJF; homework of chapter 7, question 1
        (["--policy", "fifo", "--jobs", "200,200,200"], (200, 400, 200)),
        (["--policy", "sjf", "--jobs", "200,200,200"], (200, 400, 200)),
        (["--policy", "rr", "--jobs", "200,200,200", "--quantum", "1"], (1, 599, 399)),
        (["--policy", "fifo", "--jobs", "100,200,300"], (400 / 3, 1000 / 3, 400 / 3)),
        (["--policy", "rr", "--jobs", "100,200,300", "--quantum", "1"], (1, 1397 / 3, 797 / 3)),
        # a shorter newcomer interrupts, and the one that was interrupted waits for it
        (["--policy", "stcf", "--jobs", "8,4,2", "--arrivals", "0,1,2"], (0, 22 / 3, 8 / 3)),
        # the table of chapter 9: A B C C C A C B, ended at 6, 8 and 7
        (["--policy", "stride", "--jobs", "2,2,4", "--tickets", "100,50,250"], (1, 7, 13 / 3)),
    ],
)
def test_scheduling_known_answers(arguments: list[str], averages: tuple[float, float, float]) -> None:
    average = lab("sched", *arguments)["average"]
    assert tuple(average.values()) == pytest.approx(averages)


def mlfq_timeline(jobs: str, **options: Any) -> list[list[int]]:
    timeline: list[list[int]] = mlfq.run_mlfq(jobs=mlfq.parse(jobs), **options)["timeline"]
    return timeline


def test_mlfq_time_used_before_io_counts_unless_it_may_stay() -> None:
    """2 ticks, I/O, 2 ticks: a quantum of 4 is used up, whatever happened between."""
    assert mlfq_timeline("0,6,2", queues=2, quantum=4, io_time=1) == [[0, 1, 4], [0, 0, 2]]
    assert mlfq_timeline("0,6,2", queues=2, quantum=4, io_time=1, stay=True) == [[0, 1, 6]]


def test_mlfq_a_quantum_that_ends_with_the_io_sinks_even_with_stay() -> None:
    assert mlfq_timeline("0,4,2", queues=2, quantum=2, io_time=1, stay=True) == [[0, 1, 2], [0, 0, 2]]


def test_mlfq_io_bump_goes_before_the_one_that_runs() -> None:
    """Job 1 blocks at 3 (after one tick) and is back at 4, while job 0 runs its second turn."""
    jobs = "0,6,0:0,2,1"
    assert mlfq_timeline(jobs, queues=1, quantum=2, io_time=1) == [
        [0, 0, 2],
        [1, 0, 1],
        [0, 0, 2],
        [1, 0, 1],
        [0, 0, 2],
    ]
    bumped = mlfq_timeline(jobs, queues=1, quantum=2, io_time=1, io_bump=True)
    assert bumped == [[0, 0, 2], [1, 0, 1], [0, 0, 1], [1, 0, 1], [0, 0, 3]]


def test_mlfq_boost_lifts_the_starving() -> None:
    """Job 0 sinks at 4; job 1 (I/O of no time) holds the top queue until the boost at 10 lifts job 0, before I/O comes back."""
    jobs = "0,10,0:4,40,1"
    starved = mlfq_timeline(jobs, queues=2, quantum=4, io_time=0, stay=True)
    boosted = mlfq_timeline(jobs, queues=2, quantum=4, io_time=0, stay=True, boost=10)
    assert starved == [[0, 1, 4], [1, 1, 40], [0, 0, 6]]
    assert boosted[:3] == [[0, 1, 4], [1, 1, 6], [0, 1, 4]]


@pytest.mark.parametrize(
    ("jobs", "options", "total", "cpu", "io"),
    [
        ("5:100,5:100", {}, 10, 10, 0),
        ("4:100,1:0", {}, 11, 6, 5),
        ("1:0,4:100", {}, 7, 6, 5),
        ("1:0,4:100", {"switch": "on-end"}, 11, 6, 5),
        ("3:0,5:100,5:100,5:100", {"io_done": "later"}, 31, 21, 15),
        ("3:0,5:100,5:100,5:100", {"io_done": "immediate"}, 21, 21, 15),
        ("1:0", {"io_time": 0}, 2, 2, 0),
    ],
)
def test_process_states(jobs: str, options: dict[str, Any], total: int, cpu: int, io: int) -> None:
    """The questions of OSTEP, chapter 4."""
    answer = process.run_process(process.parse(jobs), **options)
    assert answer == {"total": total, "cpu_busy": cpu, "io_busy": io}


def test_paging_contract() -> None:
    answer = lab("paging", "--policy", "fifo", "--frames", "3", "--refs", "1,2,3,4,1,2,5,1,2,3,4,5")
    assert answer == {"hits": 3, "misses": 9, "victims": [None, None, None, 1, 2, 3, 4, None, None, 1, 2, None]}


def test_translation() -> None:
    answer = lab("translate", "--table", "3,-,7", "--addresses", "0,17,47,48")
    assert answer["translations"] == [
        {"address": 0, "page": 0, "offset": 0, "frame": 3, "fault": False},
        {"address": 17, "page": 1, "offset": 1, "frame": None, "fault": True},
        {"address": 47, "page": 2, "offset": 15, "frame": 7, "fault": False},
        {"address": 48, "page": 3, "offset": 0, "frame": None, "fault": True},
    ]


@given(st.integers(0, 10_000), st.integers(1, 64))
def test_a_translation_can_be_undone(seed: int, page_size: int) -> None:
    for one in translate.run_translate(page_size=page_size, seed=seed)["translations"]:
        assert one["page"] * page_size + one["offset"] == one["address"]
        assert 0 <= one["offset"] < page_size


@pytest.mark.parametrize("name", ["sched", "mlfq", "process", "paging", "translate"])
def test_problem_first_and_solve_reveals(name: str) -> None:
    run = CliRunner().invoke
    asked, solved = run(lab_app, [name]).stdout, run(lab_app, [name, "--solve"]).stdout
    assert solved.startswith(asked.rstrip())
    assert len(solved) > len(asked)
    assert run(lab_app, [name]).stdout == asked, "the same seed is the same problem"
    assert run(lab_app, [name, "--seed", "1"]).stdout != asked


def test_your_own_scheduling_policy(tmp_path: Path) -> None:
    mine = tmp_path / "mine.py"
    mine.write_text("def choose(jobs, now):\n    return min(jobs, key=lambda j: j.length - j.ran)\n", encoding="utf-8")
    own = lab("sched", "--policy", str(mine), "--jobs", "9,3,5", "--arrivals", "0,2,3")
    assert own == lab("sched", "--policy", "stcf", "--jobs", "9,3,5", "--arrivals", "0,2,3")


def test_your_own_replacement_policy(tmp_path: Path) -> None:
    mine = tmp_path / "mine.py"
    mine.write_text("def victim(pages, now):\n    return min(pages, key=lambda p: p.last)\n", encoding="utf-8")
    refs = [1, 2, 3, 1, 4, 2, 5, 1, 1, 3]
    assert run_paging(str(mine), 3, refs) == run_paging("lru", 3, refs)


@pytest.mark.parametrize(
    "source", ["syntax error here", "x = 1", "raise SystemExit(3)", "def choose(jobs, now):\n    return jobs[99]",
               "def choose(jobs, now):\n    return 'me'"]
)  # fmt: skip
def test_a_bad_policy_of_your_own_is_one_line(tmp_path: Path, source: str) -> None:
    mine = tmp_path / "mine.py"
    mine.write_text(source, encoding="utf-8")
    with pytest.raises(UsageError) as caught:
        sched.run_sched(str(mine), [3, 2])
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "arguments",
    [
        ["sched", "--policy", "nothing"],
        ["sched", "--jobs", "1,x"],
        ["sched", "--jobs", ""],
        ["sched", "--jobs", "0"],
        ["sched", "--jobs", "--5"],
        ["sched", "--jobs", "99999999999"],
        ["sched", "--jobs", "1,2", "--arrivals", "1"],
        ["sched", "--jobs", "1,2", "--tickets", "0,0"],
        ["sched", "--policy", "rr", "--quantum", "0"],
        ["sched", "--policy", "nowhere.py"],
        ["mlfq", "--jobs", "1,2"],
        ["mlfq", "--queues", "0"],
        ["mlfq", "--jobs", "0,0,0"],
        ["process", "--jobs", "4"],
        ["process", "--jobs", "4:101"],
        ["process", "--jobs", "1:0", "--switch", "never"],
        ["paging", "--frames", "0"],
        ["paging", "--policy", "worst"],
        ["paging", "--refs", "1,,2"],
        ["translate", "--table", "a"],
        ["translate", "--page-size", "0"],
    ],
)
def test_bad_use_is_one_line(arguments: list[str]) -> None:
    result = CliRunner().invoke(lab_app, arguments)
    assert isinstance(result.exception, UsageError)
    assert "\n" not in str(result.exception)
