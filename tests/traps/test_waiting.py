"""Slow devices and servers that die, in a whole machine: who waits waits alone, and the list of devices follows."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from llmos import boot as booting
from llmos import processor as processors
from llmos.bench_waiting import crowded
from llmos.cpu.scripted import ByteCodec, ScriptedCpu, replies
from llmos.machine import Machine
from llmos.options import Options

SERVER = Path(__file__).parents[1] / "devices" / "mcp_server.py"
TICKS = 300


def calls_a_tick(waiting: int) -> float:
    """Python functions called in a tick, on average: work, whatever the computer is doing besides."""
    machine, slow = crowded(waiting, TICKS)
    count = 0

    def counted(frame: Any, event: str, arg: Any) -> None:
        nonlocal count
        count += event == "call"

    sys.setprofile(counted)
    for _ in range(TICKS):
        machine.step()
    sys.setprofile(None)
    slow.gate.set()
    machine.close()
    return count / TICKS


def test_64_waiting_processes_add_less_than_a_twentieth_to_the_work_of_a_tick() -> None:
    """Even of a tick without a model in it; `llmos bench waiting` has the times."""
    assert calls_a_tick(64) < 1.05 * calls_a_tick(0)


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Machine]:
    """A machine with a real MCP server over stdio; what it is asked it hands to the server's tools."""

    def processor(options: Options, progress: Any = None, model: Any = None) -> Any:
        return ScriptedCpu(replies(lambda q: q.strip()), 129), ByteCodec()

    monkeypatch.setattr(processors, "build", processor)
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


def shouted(machine: Machine) -> str:
    """What a model gets that calls a tool of the server."""
    machine.command("spawn", "ask", "{box.shout hello}$")
    events = until(machine, lambda seen: any(e[1] == "result" for e in seen))
    until(machine, lambda seen: any(e[1] == "exit" for e in seen))
    return str(next(e for e in events if e[1] == "result")[4])


def test_a_server_killed_in_a_call_is_an_error_to_read_and_comes_back(machine: Machine) -> None:
    tools = [name for name in machine.kernel.devices if name.startswith("box.")]
    assert tools
    assert shouted(machine) == "HELLO"
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
    assert shouted(machine) == "HELLO"
