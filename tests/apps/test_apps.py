"""The programs, on a scripted CPU that answers what the test tells it; the laws of the machine hold after every tick."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from llmos.cpu.scripted import ByteCodec, ScriptedCpu, replies
from llmos_apps import PROGRAMS
from llmos_apps.sh import complete, stages
from llmos_apps.summarize import PART, parts
from llmos_apps.vote import final
from llmos_kernel.kernel import Config, Kernel
from llmos_kernel.ports import Delivery, Request

from .worlds import Panel  # noqa: TID251


def machine(*init: Any, answer: Callable[[str], str], policy: str = "rr") -> tuple[Kernel, Panel]:
    panel = Panel()
    config = Config(args=init, policy=policy, quantum=4)
    cpu = ScriptedCpu(replies(answer), frames=400, lanes=2, max_pages=64)
    return Kernel(config, PROGRAMS, cpu, ByteCodec(), panel), panel


def run(kernel: Kernel, most: int = 4_000) -> str:
    """The console's text when the machine has halted."""
    for _ in range(most):
        if kernel.halted:
            return "".join(e[4] for e in kernel.events if e[1] == "out" and e[3] != "u")
        kernel.step()
        kernel.check_integrity()
    raise AssertionError("the machine did not halt")


def shell(*lines: str, answer: Callable[[str], str] = lambda heard: "yes") -> str:
    kernel, panel = machine("sh", answer=answer)
    panel.typed += [Delivery("line", "console", line) for line in lines]
    panel.typed.append(Delivery("eof", "console"))
    return run(kernel)


def stage(heard: str) -> str:
    return "A cat." if "Tell" in heard else "Too short." if "weak" in heard else f"Zu kurz. ({heard.count('Too')})"


def test_a_pipeline_in_the_shell_hands_text_on() -> None:
    assert shell("story cats | critic | translate German", answer=stage) == "> Zu kurz. (1)\n> "


def test_pipeline_joins_the_three_by_itself() -> None:
    kernel, _ = machine("pipeline", "cats", answer=stage)
    assert run(kernel) == "Zu kurz. (1)\n"


def test_an_error_in_a_pipe_reaches_the_person_and_not_the_next_program() -> None:
    assert shell("echo a | cat b | wc") == "> files: no device 'files'; mounted: none\n0 0 0\n> "


def test_a_job_in_the_background_does_not_hold_the_shell() -> None:
    said = shell("demo 3 &", "jobs", "history")
    assert said.index("[1]") < said.index("[1] 3 demo 3 &") < said.index("   1  demo 3 &")


def test_the_shell_waits_for_its_jobs_and_tells_the_last_status() -> None:
    said = shell("sleep 9 &", "sleep 30 &", "wait", "jobs", "echo a | grep b", "echo was $?", "sleep 1", "echo is $?")
    assert "[1] 3\n> [2] 4\n> > > sh: grep ended with status 1\n> was 1\n> > is 0\n> " in said


def test_the_shell_ends_with_the_status_that_it_is_given() -> None:
    kernel, panel = machine("sh", answer=lambda heard: "yes")
    panel.typed.append(Delivery("line", "console", "exit 3"))
    run(kernel)
    assert [e[3] for e in kernel.events if e[1:3] == ("exit", 1)] == [3]


def test_the_process_table_goes_through_a_pipe() -> None:
    assert shell("ps | head 1") == "> " + shell("ps").splitlines()[0].removeprefix("> ") + "\n> "


def test_a_wrong_nice_says_how_it_is_used() -> None:
    said = shell("nice 5", "nice to meet you")
    assert "as in `nice 5 10`" in said
    assert "\n> yes " in said


def test_the_shell_repeats_a_line_of_its_history() -> None:
    assert shell("complete st", "!1").count("starve story") == 2


def test_a_bomb_is_contained_and_the_shell_goes_on() -> None:
    said = shell("bomb &", "kill -KILL -3", "what is left?")
    assert "yes" in said


def test_stop_and_continue_from_the_shell() -> None:
    said = shell("demo 3 &", "kill -STOP 3", "ps", "kill -CONT 3", "ps")
    first, second = said.split("PID PPID", 2)[1:]
    assert "STOPPED" in first
    assert "STOPPED" not in second


@pytest.mark.parametrize(
    ("line", "found"),
    [("a | b", None), ("story | critic", ("story", "critic")), ("top of the hill", None), ("top 3", ("top",)),
     ("vote what is 2+2?", ("vote",)), ("story | what", None), ("ask why", ("ask",))],
)  # fmt: skip
def test_a_line_is_programs_or_a_question(line: str, found: tuple[str, ...] | None) -> None:
    got = stages(line, "")
    assert (None if got is None else tuple(name for name, _ in got)) == found


@pytest.mark.parametrize(
    ("text", "words"),
    [("kill -S", ["-STOP"]), ("story | cri", ["critic"]), ("what is st", []), ("hi", ["history"]), ("| jo", [])],
)
def test_completion(text: str, words: list[str]) -> None:
    assert complete(text) == words


def test_vote_takes_the_majority_and_reads_the_prompt_once() -> None:
    kernel, _ = machine("vote", "what is 2+2?", answer=lambda heard: "The answer is 4.")
    assert run(kernel).startswith("4  (5 of 5 voters")
    prompt = max(len(e[3]) for e in kernel.events if e[1] == "think")
    assert prompt <= kernel.prefilled < 3 * prompt, "five voters, one reading (two may begin side by side)"


def test_tree_keeps_the_best_branch() -> None:
    kernel, _ = machine("tree", "2+2?", answer=lambda heard: "9" if "One digit" in heard else "so. The answer is 4.")
    assert run(kernel).startswith("4  (score 9, 1 of 2 levels, 2 branches killed)")


def test_tree_goes_on_from_the_best_and_kills_the_others_with_their_frames() -> None:
    """Thoughts of 48 letters never end by themselves, so both levels are searched; of 3 + 3 branches 4 are killed."""
    kernel, _ = machine("tree", "2+2?", answer=lambda heard: "7" if "One digit" in heard else "x" * 400)
    assert run(kernel).startswith("x")
    killed = [pid for _, kind, pid, *data in kernel.events if kind == "exit" and data[0] == 137]
    assert len(killed) == 4
    assert not any(p.space.frames for p in kernel.processes.values())
    assert kernel.memory.available() == kernel.memory.total


def test_summarize_maps_and_reduces() -> None:
    text = "word " * 300
    kernel, _ = machine("summarize", text, answer=lambda h: f"{h.count('part')} parts" if "two" in h else "part")
    assert run(kernel) == f"{len(parts(text.strip()))} parts\n"


@pytest.mark.parametrize("text", ["", "short", "x" * 2_000, "a b " * 700])
def test_parts_lose_nothing_but_spaces(text: str) -> None:
    pieces = parts(text)
    assert "".join("".join(pieces).split()) == "".join(text.split())
    assert all(len(p) <= PART for p in pieces)


@pytest.mark.parametrize(("policy", "last"), [("priority", True), ("sjf", True), ("fifo", False)])
def test_starve_shows_who_goes_hungry(policy: str, last: bool) -> None:
    kernel, _ = machine("starve", 12, 8, answer=lambda heard: "x" * 200, policy=policy)
    said = run(kernel)
    assert said.endswith("number 13 of 13\n") == last


@pytest.mark.parametrize(
    ("text", "answer"),
    [("2+2=4. The answer is 4.", "4"), ("so 7 of 9", "9"), ("yes", "yes"), ("", ""), ("The answer is", "is")],
)
def test_the_final_answer_of_a_chain_of_thought(text: str, answer: str) -> None:
    assert final(text) == answer


def test_a_file_is_mapped_whole_and_only_its_needed_pages_are_read() -> None:
    rooms = [f"Room {n} holds {n * n} chairs." for n in range(100)]
    text = " ".join([*rooms[:90], "The key is in the attic.", *rooms[90:]])

    class Shelf(Panel):
        def submit(self, request: Request) -> None:
            assert request.text == "map rooms.txt"
            self.typed.append(Delivery("done", str(request.number), (text, "file:rooms.txt"), 1))

    cpu = ScriptedCpu(replies(lambda heard: "attic"), frames=400, max_pages=256)
    config = Config(args=("mmap", "rooms.txt", "where", "is", "the", "key"), devices=("files",))
    said = run(Kernel(config, PROGRAMS, cpu, ByteCodec(), Shelf()))
    assert said == f"attic\n[3 of {(len(text) - 1) // 16} mapped pages were needed]\n"
    assert len(text) > 2_500
