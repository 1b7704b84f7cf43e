"""Devices that are the kernel itself, called by a scripted model: shell, send, sleep, exit. The laws hold after every tick."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from llmos.cpu.scripted import ByteCodec, ScriptedCpu, replies
from llmos.devices.base import Context, Result
from llmos.devices.kernelcalls import SERVED
from llmos.devices.mailbox import MAX_BOX, Mailboxes
from llmos.devices.registry import Settings, mounted
from llmos.machine import Machine
from llmos.world import HostWorld
from llmos_apps import PROGRAMS, ulib
from llmos_kernel.journal import Header, Recorder, replay
from llmos_kernel.kernel import Config, Kernel
from llmos_kernel.labels import tainted

DEVICES = ("calc", "clock", "files", *SERVED)


class Slow:
    """Never answers by itself."""

    name, help, usage, grammar, outside = "slow", "waits", ("TEXT",), "start: /[a-z]+/\n", False

    def call(self, text: str, ctx: Context) -> Result:
        while not ctx.cancelled():
            time.sleep(0.01)
        return Result("late", "slow")


async def postbox() -> int:
    """Waits for one message and prints it."""
    _, text = await ulib.recv()
    await ulib.say(f"got {text}\n")
    return 0


async def both(line: str) -> int:
    """Somebody who waits for a message, and a model that is asked."""
    await ulib.spawn("postbox")
    await ulib.spawn("ask", line)
    for _ in range(2):
        await ulib.wait()
    return 0


async def hands(device: str, text: str) -> int:
    """A program that calls a device itself."""
    await ulib.say(await ulib.call(device, text))
    return 0


async def pledged(line: str) -> int:
    await ulib.pledge("shell", "calc", "spawn")
    await ulib.spawn("ask", line)
    await ulib.wait()
    return 0


OWN = {"postbox": postbox, "both": both, "hands": hands, "pledged": pledged}


class Box:
    """One machine and what happened in it."""

    def __init__(self, tmp_path: Path, *init: Any, answer: Any = None, record: list[Any] | None = None) -> None:
        (tmp_path / "home").mkdir(exist_ok=True)
        (tmp_path / "home" / "notes.txt").write_text("eggs\nMilk 2 l\nflour\n", encoding="utf-8")
        devices = mounted(DEVICES, Settings(home=tmp_path / "home", mail=tmp_path / "mail"))
        self.world = HostWorld({**devices, "slow": Slow()}, Context(timeout=5))
        config = Config(args=init, devices=(*devices, "slow"), served=SERVED, quantum=4)
        cpu, codec = ScriptedCpu(replies(answer or (lambda q: q.strip())), 200), ByteCodec()
        self.header = Header.of(config, cpu, codec, "")
        ports: Any = Recorder(cpu, codec, self.world, record.append) if record is not None else None
        programs = {**PROGRAMS, **OWN}
        self.kernel = Kernel(config, programs, ports or cpu, ports or codec, ports or self.world)
        self.machine = Machine(self.kernel, self.world)
        self.events: list[Any] = []

    def run(self, until: Any = None, seconds: float = 30.0) -> Box:
        end = time.monotonic() + seconds
        while not (self.kernel.halted or (until and until(self))):
            assert time.monotonic() < end, self.events[-5:]
            self.events += self.machine.step()
            self.kernel.check_integrity()
            if self.kernel.idle and not self.kernel.halted:
                self.world.wait(0.02)
        return self

    @property
    def said(self) -> str:
        return "".join(e[4] for e in self.events if e[1] == "out" and e[3] != "u")

    def results(self, device: str) -> list[str]:
        return [e[4] for e in self.events if e[1] == "result" and e[3] == device]


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Any]:
    made: list[Box] = []

    def build(*init: Any, **options: Any) -> Box:
        made.append(Box(tmp_path, *init, **options))
        return made[-1]

    yield build
    for one in made:
        one.world.close()


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("cat notes.txt | grep milk", "Milk 2 l"),
        ("cat notes.txt | sort | head 1", "Milk 2 l"),
        ("cat notes.txt | wc", "3 5 19"),
        ("echo one two | cat", "one two"),
        ("call calc 37*48", "1776"),
        ("ls | tail 1", "notes.txt 20 bytes"),
        ("cat notes.txt &", "eggs\nMilk 2 l\nflour"),
        ("echo", "done"),
    ],
)
def test_a_model_runs_a_line_of_the_machines_own_shell(box: Any, line: str, said: str) -> None:
    ran = box("ask", "{shell " + line + "}").run()
    assert ran.results("shell") == [said]


def test_an_error_in_a_pipe_is_in_a_shells_answer_and_not_in_the_pipe(box: Any) -> None:
    ran = box("ask", "{shell call calc 1/0 | wc}").run()
    assert ran.results("shell") == ["calc: division by zero\n0 0 0\nthe shell ended: exit 1"]


def test_the_shell_asks_the_model_and_its_words_are_the_answer(box: Any) -> None:
    ran = box("ask", "one", answer=lambda q: "{shell ask two | grep c}So: $" if "one" in q else "a c").run()
    assert ran.results("shell") == ["a c  [dreamed]"]
    assert "So: a c" in ran.said
    assert ran.said.count("a c") == 2, (
        "the inner answer went to the caller alone: in the note about the call, and in its own words"
    )


HOSTILE = [
    "", " ", "exit", "kill 1", "kill -KILL -1", "nice 1 20", "!1", "history", "jobs", "rm -rf /", "cat /etc/passwd",
    "cat ../../etc/passwd", "$(reboot)", "`reboot`", "echo x > /etc/passwd", "sh", "sh-c echo", "; ps", "ps && ps", "|", "| |",
    "cat |", "echo a | | cat", "x" * 140, "echo \x07", "what is 2+2?", "call", "call nothing x", "call files write ../x y",
    "head 99999999999999 | wc", "chat", "browse x", "notebook", "sort |", "ask", "vote",
]  # fmt: skip


@pytest.mark.parametrize("line", HOSTILE)
def test_hostile_lines_end_in_a_result_and_leave_nobody_behind(box: Any, tmp_path: Path, line: str) -> None:
    ran = box("ask", "go", answer=lambda q: "{shell " + line + "}It said: $" if q.strip() == "go" else "Yes.").run(
        seconds=60
    )
    assert len(ran.results("shell")) <= 1
    assert "It said: " in ran.said
    assert [e[2] for e in ran.events if e[1] == "exit" and e[2] == 2 and e[3] == 0] == [2]
    assert not (tmp_path / "x").exists()


def test_shells_inside_each_other_end(box: Any) -> None:
    ran = box("ask", "go", answer=lambda q: "{shell ask go}$").run()
    assert sum(e[1] == "spawn" and e[4] == "sh-c" for e in ran.events) == 3
    assert "enough" in ran.said


def test_a_shells_line_ends_when_nobody_waits_for_it(box: Any) -> None:
    ran = box("sh", answer=lambda q: "{shell call slow x}")
    ran.machine.type("ask go")
    ran.run(until=lambda b: any(p.program == "call" and p.why == "slow" for p in b.kernel.processes.values()))
    ran.machine.command("kill", 3)
    ran.run(until=lambda b: len(b.kernel.processes) <= 2)
    assert [p.program for p in ran.kernel.processes.values()] == ["init", "sh"]


def test_a_line_that_takes_too_long_is_ended_in_time(box: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("llmos_kernel.served.SHELL_TICKS", 200)
    ran = box("ask", "go", answer=lambda q: "{shell ask long}$" if "go" in q else "x" * 250).run()
    assert "its limit of 200 ticks is reached" in ran.results("shell")[0]


def test_a_bomb_is_gone_when_its_time_is_over(box: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("llmos_kernel.served.SHELL_TICKS", 20)
    ran = box("ask", "go", answer=lambda q: "{shell bomb | bomb}$" if "go" in q else "x" * 250).run()
    assert "its limit of 20 ticks is reached" in ran.results("shell")[0]
    assert [e[2] for e in ran.events if e[1] == "spawn"][-1] > 10


def test_a_program_that_is_killed_in_a_call_takes_nothing_along(box: Any) -> None:
    ran = box("sh")
    ran.machine.type("call slow x")
    ran.run(until=lambda b: any(p.why == "slow" for p in b.kernel.processes.values()))
    ran.machine.command("kill", 3)
    ran.run(until=lambda b: 3 not in b.kernel.processes)


def test_a_waiting_shell_blocks_nobody(box: Any) -> None:
    ran = box("both", "{shell call slow x}")
    ran.run(until=lambda b: any(p.program == "call" and p.why == "slow" for p in b.kernel.processes.values()))
    ran.machine.command("spawn", "hands", "calc", "6*7")
    ran.run(until=lambda b: "42" in b.said)
    assert not ran.results("shell")


def test_the_shell_has_no_more_rights_than_its_caller(box: Any) -> None:
    ran = box("pledged", "{shell cat notes.txt}$").run()
    assert "eggs" not in ran.said
    assert "files is not among" in ran.results("shell")[0]


def test_what_the_shell_read_stays_with_its_answer(box: Any) -> None:
    ran = box("sh", answer=lambda q: "{shell cat notes.txt}$")
    ran.machine.type("chat")
    ran.machine.type("go")
    ran.run(until=lambda b: b.results("shell") and b.kernel.idle)
    chat = next(p for p in ran.kernel.processes.values() if p.program == "chat")
    assert "file:notes.txt" in chat.space.tail.origin
    assert tainted(chat.space.tail)


def test_a_message_reaches_a_process_by_number_and_by_name(box: Any) -> None:
    for name in ("3", "postbox", "to postbox:"):
        ran = box("both", "{send " + name + " Dinner is ready}").run()
        assert ran.results("send") == ["sent to postbox (process 3)"]
        assert "got Dinner is ready" in ran.said


def test_a_message_for_a_person_waits_in_a_mailbox(box: Any, tmp_path: Path) -> None:
    box("ask", "{send Anna Dinner is ready}").run()
    ran = box("ask", "{send anna: Still\there}").run()
    assert ran.results("send") == ["left in the mailbox of anna"]
    assert [m.partition(": ")[2] for m in Mailboxes(tmp_path / "mail").read("ANNA")] == [
        "Dinner is ready",
        "Still here",
    ]


@pytest.mark.parametrize(
    "text",
    ["", "anna", "anna ", "99 hello", "../../x hello", "/etc/passwd hello", "a" * 41 + " hello", "to anna", "é\x00 x", ". x",
     "anna\n\n", "99999999999999999999 x"],
)  # fmt: skip
def test_bad_messages_are_refused_in_a_line(box: Any, tmp_path: Path, text: str) -> None:
    ran = box("ask", "go", answer=lambda q: "{send " + text + "}$").run()
    assert "[send→ error: " in ran.said
    assert not [p for p in tmp_path.rglob("*") if p.suffix == ".txt" and p.parent.name not in ("home", "mail")]


def test_full_mailboxes_are_said_to_be_full(box: Any, tmp_path: Path) -> None:
    (tmp_path / "mail").mkdir()
    (tmp_path / "mail" / "anna.txt").write_bytes(b"x" * (MAX_BOX + 1))
    assert "is full" in box("ask", "{send anna hi}").run().results("send")[0]
    ran = box("ask", "go", answer=lambda q: "{send 1 x}" * 16)
    for _ in range(5):
        ran.machine.command("spawn", "ask", "go")
    ran.run(until=lambda b: len(b.results("send")) == 96)
    assert "full" in ran.results("send")[-1]


@pytest.mark.parametrize(
    ("text", "result"),
    [("20", "slept until tick"), ("5 ticks", "slept until"), ("0", "slept until"), ("x", "write it as"), ("-1", "write it"),
     ("", "write it"), ("10001", "at most"), ("9" * 30, "write it"), ("1.5", "write it"), ("²", "write it")],
)  # fmt: skip
def test_a_model_sleeps(box: Any, text: str, result: str) -> None:
    ran = box("ask", "{sleep " + text + "}ok").run()
    assert result in ran.results("sleep")[0]
    assert "ok" in ran.said
    if text == "20":
        asked = next(e[0] for e in ran.events if e[1] == "call")
        assert next(e[0] for e in ran.events if e[1] == "result") == asked + 20


@pytest.mark.parametrize(("text", "status"), [("", 0), ("0", 0), ("7", 7)])
def test_a_model_ends_its_process(box: Any, text: str, status: int) -> None:
    ran = box("ask", "So long.{exit " + text + "}never").run()
    assert next((e[3], e[5]) for e in ran.events if e[1] == "exit" and e[2] == 2) == (status, "its model ended it")
    assert "So long." in ran.said
    assert "never" not in ran.said


@pytest.mark.parametrize("text", ["x", "256", "-1", "1 2", "9" * 40])
def test_a_bad_exit_is_an_error_to_read(box: Any, text: str) -> None:
    assert "on" in box("ask", "{exit " + text + "}Going on").run().said


def test_programs_may_call_them_too(box: Any) -> None:
    assert box("hands", "shell", "echo hi | cat").run().said == "hi"
    assert "slept until tick" in box("hands", "sleep", "3").run().said
    failed = next(e for e in box("hands", "exit", "0").run().events if e[1] == "exit" and e[2] == 2)
    assert "only a model" in failed[5]


def test_a_machine_with_a_shell_replays(box: Any) -> None:
    records: list[Any] = []
    live = box("ask", "{shell cat notes.txt | grep milk}$ and {sleep 5}", record=records).run()
    records.append(("end", live.kernel.tick))
    *_, again = replay(live.header, records, {**PROGRAMS, **OWN})
    assert again.halted
    assert live.results("shell") == ["Milk 2 l"]
