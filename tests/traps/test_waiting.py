"""Slow devices and servers that die, in a whole machine: who waits waits alone, and the list of devices follows."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from llmos import boot as booting
from llmos.boot import Options
from llmos.cpu.scripted import ByteCodec, ScriptedCpu, replies
from llmos.devices.base import Context, Result
from llmos.machine import Machine
from llmos.world import HostWorld
from llmos_apps import PROGRAMS, ulib
from llmos_kernel.kernel import Config, Kernel

SERVER = Path(__file__).parents[1] / "devices" / "mcp_server.py"
TICKS = 400
BUDGET = 250e-6  # seconds a tick: 5 % of a decode step at 200 tokens a second, faster than any model here


class Slow:
    """Answers when it is let go."""

    name, help, usage, grammar, outside = "slow", "waits", ("TEXT",), "start: /[a-z]+/\n", False

    def __init__(self) -> None:
        self.gate = threading.Event()

    def call(self, text: str, ctx: Context) -> Result:
        self.gate.wait(30)
        return Result("late", "slow")


async def crowd(waiting: int) -> int:
    for _ in range(waiting):
        await ulib.spawn("waiter")
    await ulib.think(("text", "go on"), limit=TICKS + 100, chat=False, traps=False)
    return 0


async def waiter() -> int:
    await ulib.call("slow", "x")
    return 0


def seconds_a_tick(waiting: int) -> float:
    """The best tenth of many ticks of a machine in which one process runs and `waiting` wait for a device."""
    slow = Slow()
    world = HostWorld({"slow": slow}, Context(timeout=30))
    programs = {**PROGRAMS, "crowd": crowd, "waiter": waiter}
    kernel = Kernel(
        Config(args=("crowd", waiting), devices=("slow",)), programs, ScriptedCpu(lambda ids: 97), ByteCodec(), world
    )
    machine = Machine(kernel, world)
    for _ in range(50):
        machine.step()
    blocked = [p for p in kernel.processes.values() if p.program == "waiter" and p.state == "BLOCKED"]
    assert len(blocked) == waiting
    took = []
    for _ in range(TICKS):
        began = time.perf_counter()
        machine.step()
        took.append(time.perf_counter() - began)
    slow.gate.set()
    machine.close()
    return sorted(took)[TICKS // 10]


def test_64_waiting_processes_cost_the_running_one_next_to_nothing() -> None:
    alone, crowded = seconds_a_tick(0), seconds_a_tick(64)
    assert crowded - alone < BUDGET


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Machine]:
    """A machine with a real MCP server over stdio; what it is asked it hands to the server's tools."""

    def processor(options: Options, progress: Any = None, model: Any = None) -> Any:
        return ScriptedCpu(replies(lambda q: q.strip()), 129), ByteCodec()

    monkeypatch.setattr(booting, "_processor", processor)
    monkeypatch.setenv("LLMOS_HOME", str(tmp_path))
    command = (sys.executable, str(SERVER))
    made = booting.boot(
        Options(model="scripted", devices=("calc", "mcp"), servers=(("box", command),), grammar=False, slots=0)
    )
    yield made
    made.close()
    from llmos.devices import registry

    registry.close(made.world.devices)


def until(machine: Machine, done: Any, seconds: float = 60.0) -> list[Any]:
    """Step until `done(events so far)`."""
    events: list[Any] = []
    end = time.monotonic() + seconds
    while not done(events) and time.monotonic() < end:
        events += machine.step()
        if machine.kernel.idle:
            machine.world.wait(0.05)
    assert done(events), events[-5:]
    return events


def test_a_server_killed_in_a_call_is_an_error_to_read_and_comes_back(machine: Machine) -> None:
    tools = [name for name in machine.kernel.devices if name.startswith("box.")]
    assert tools
    dying = next(name for name in tools if name.endswith("die"))
    machine.command("spawn", "ask", "{" + dying + " {}}Oh.")
    events = until(machine, lambda seen: any(e[1] == "result" for e in seen))
    failed = next(e for e in events if e[1] == "result")
    assert failed[5] == 0
    events += until(machine, lambda seen: any(e[1:3] == ("device", 0) and e[4] == 1 for e in seen))
    gone = {e[3] for e in events if e[1] == "device" and e[4] == 0}
    assert set(tools) <= gone
    assert [name for name in machine.kernel.devices if name.startswith("box.")] == tools
    assert machine.kernel.processes[1].state != "ZOMBIE"
