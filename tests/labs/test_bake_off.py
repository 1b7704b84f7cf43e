"""The bake-off: one workload under every policy, on the live kernel with the scripted CPU."""

from __future__ import annotations

from pathlib import Path

import pytest

from llmos.bench_sched import bench_sched, beside, lines, read
from llmos.cpu.scripted import ByteCodec, ScriptedCpu
from llmos.errors import UsageError
from llmos_kernel.sched import POLICIES

MIXED = Path(__file__).parents[2] / "docs" / "workloads" / "mixed.txt"


def test_every_policy_gets_a_row_and_yours_too(tmp_path: Path) -> None:
    mine = tmp_path / "mine.py"
    mine.write_text("def choose(jobs, now):\n    return jobs[0]\n", encoding="utf-8")
    result = bench_sched(MIXED, None, "exact8", 10, str(mine))
    rows = {row["policy"]: row for row in result["rows"]}
    assert list(rows) == [*POLICIES, "own"]
    assert rows["stcf"]["turnaround"] == min(row["turnaround"] for row in rows.values())
    assert rows["fifo"]["preemptions"] == rows["sjf"]["preemptions"] == 0 < rows["rr"]["preemptions"]
    assert rows["rr"]["response"] < rows["fifo"]["response"]
    assert rows["fair"]["fairness"] > rows["fifo"]["fairness"]
    assert len(lines(result)) == 2 + len(rows)


def test_one_job_alone_takes_its_prompt_and_its_length(tmp_path: Path) -> None:
    """A prompt of 130 is three chunks; with the last one the first token is written: 3 + 20 - 1 ticks on the lane."""
    file = tmp_path / "one.txt"
    file.write_text("5 130 20\n", encoding="utf-8")
    for row in bench_sched(file, None, "exact8", 10, None)["rows"]:
        assert row["p99"] == row["turnaround"]
        assert row["preemptions"] == row["recomputed"] == 0
        assert row["fairness"] == 1
        assert 22 <= row["turnaround"] <= 24


@pytest.mark.parametrize("text", ["", "1 2", "a b c", "0 0 1", "0 1 1 99", "0 1 1 0", "-1 2 3", "0 1 99999999"])
def test_a_bad_workload_is_one_line(tmp_path: Path, text: str) -> None:
    file = tmp_path / "bad.txt"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError) as caught:
        read(file)
    assert "\n" not in str(caught.value)


def test_a_prompt_beside_decoders_is_read_whole_in_ticks_that_are_run_again_without_it() -> None:
    """With nine decoders it has to be earned, so it takes more ticks than its ten chunks; every tick has its twin."""
    cpu = ScriptedCpu(lambda context: 97, frames=1_000, lanes=10, max_pages=100)
    found = beside(cpu, ByteCodec(), 9, 640)
    assert found["ticks"] > 10
    assert found["prompt"] == 640
    assert found["weights"][0] == 0 < found["weights"][-1]
