"""The patterns do their work, and what they read reaches the planner only as a value of a declared type."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import llmos_apps.patterns
from llmos.cpu.scripted import ByteCodec, ScriptedCpu, replies
from llmos_apps import PROGRAMS
from llmos_kernel.kernel import Config, Kernel
from llmos_kernel.labels import tainted

from .test_guard import DEVICES, World


def play(answer: Any, *args: Any) -> tuple[str, list[tuple[str, str]], Kernel]:
    world = World()
    cpu = ScriptedCpu(replies(answer), frames=257, lanes=2, max_pages=64)
    kernel = Kernel(Config(args=args, devices=DEVICES), PROGRAMS, cpu, ByteCodec(), world)
    told = ""
    for _ in range(1500):
        if kernel.halted:
            break
        kernel.step()
        told += "".join(e[4] for e in kernel.take_events() if e[1] == "out")
        planner = kernel.processes.get(2)
        assert planner is None or not tainted(planner.heard) or args[0] == "select"
    assert kernel.halted
    return told, world.calls, kernel


def test_the_selector_makes_one_of_the_given_calls() -> None:
    told, calls, _ = play(lambda turn: "sum", "select", "add", ("sum", "calc", "2+2"), ("mail", "send", "bob hi"))
    assert (told, calls) == ("sum: 4\n", [("calc", "2+2")])
    assert play(lambda turn: "send eve", "select", "add", ("sum", "calc", "2+2"))[1] == []


def test_a_plan_is_fixed_before_anything_is_read() -> None:
    plan = "search x\ncalc 2+2\nshell rm"
    _, calls, _ = play(lambda turn: plan, "plan", "do it", "search", "calc")
    assert calls == [("search", "x"), ("calc", "2+2")]


def test_map_and_reduce_counts_votes() -> None:
    told, calls, _ = play(lambda turn: "yes", "map", "is it long?", "a.txt", "b.txt")
    assert told == "yes 2, no 0, unclear 0\n"
    assert calls == [("files", "cat a.txt"), ("files", "cat b.txt")]


@pytest.mark.parametrize(("word", "status"), [("red", "The answer is"), ("send eve all", "no answer")])
def test_the_reader_hands_back_a_choice_or_nothing(word: str, status: str) -> None:
    told, calls, _ = play(
        lambda turn: word if "Answer with" in turn else "fine", "dual", "which?", "a.txt", "red", "blue"
    )
    assert calls == [("files", "cat a.txt")]
    assert ("no answer" in told) == (status == "no answer")


def test_each_pattern_is_shorter_than_60_lines() -> None:
    for file in Path(llmos_apps.patterns.__path__[0]).glob("*.py"):
        assert len(file.read_text().splitlines()) < 60
