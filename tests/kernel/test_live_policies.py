"""The same policies on the live kernel: everybody gets done, and the machine stays whole after every tick."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from llmos.cpu.scripted import ByteCodec, ScriptedCpu
from llmos.tape import Reel
from llmos_kernel.journal import Header, Recorder, replay
from llmos_kernel.kernel import Config, Kernel
from llmos_kernel.ports import Delivery, Request
from llmos_kernel.rewind import Rewind, state_hash
from llmos_kernel.sched import POLICIES
from llmos_kernel.syscall import trap


class Panel:
    """A world in which a person types commands."""

    def __init__(self) -> None:
        self.typed: list[Delivery] = []

    def poll(self) -> Sequence[Delivery]:
        taken, self.typed = self.typed, []
        return taken

    def submit(self, request: Request) -> None:
        """No devices."""


async def parent(count: int) -> int:
    for n in range(count):
        await trap("spawn", "child", f"{n} says hello", 10 + 7 * n)
    for _ in range(count):
        await trap("wait")
    return 0


async def child(text: str, tokens: int) -> int:
    for _ in range(2):
        await trap("think", (("user", text),), tokens)
        await trap("sleep", 3)
    return 0


def machine(policy: str, frames: int = 40) -> tuple[Kernel, Panel]:
    panel = Panel()
    programs: dict[str, Any] = {"init": parent, "child": child}
    config = Config(args=(6,), policy=policy, quantum=5)
    return Kernel(config, programs, ScriptedCpu(frames=frames, lanes=2), ByteCodec(), panel), panel


def run(kernel: Kernel, most: int = 3_000) -> None:
    for _ in range(most):
        if kernel.halted:
            return
        kernel.step()
        kernel.check_integrity()
    raise AssertionError("the machine did not halt")


@pytest.mark.parametrize("name", sorted(POLICIES))
@pytest.mark.parametrize("frames", [12, 60])
def test_everybody_gets_done_under_every_policy(name: str, frames: int) -> None:
    kernel, _ = machine(name, frames)
    run(kernel)
    assert sum(kind == "exit" for _, kind, *_ in kernel.events) == 7
    assert kernel.policy.waiting() == 0


async def long_child(text: str, tokens: int) -> int:
    await trap("think", (("user", text * 30),), tokens)
    return 0


@pytest.mark.parametrize("name", sorted(POLICIES))
def test_reading_again_after_an_eviction_is_no_turn(name: str) -> None:
    """A quantum of 4 ticks, 7 chunks to read, and room for one and a half contexts: everybody writes all the same."""
    config = Config(args=(3,), policy=name, quantum=4)
    programs: dict[str, Any] = {"init": parent, "child": long_child}
    cpu = ScriptedCpu(lambda context: 97, frames=44, lanes=1)
    kernel = Kernel(config, programs, cpu, ByteCodec(), Panel())
    run(kernel)
    assert kernel.evictions > 0 or name in ("fifo", "sjf", "stcf")
    assert kernel.decoded == 10 + 17 + 24


@pytest.mark.parametrize("name", sorted(POLICIES))
def test_the_same_machine_runs_the_same_way(name: str) -> None:
    first, _ = machine(name)
    second, _ = machine(name)
    run(first)
    run(second)
    assert first.events == second.events


@pytest.mark.parametrize("name", sorted(POLICIES))
def test_the_policy_can_change_while_all_are_running(name: str) -> None:
    kernel, panel = machine("rr")
    for _ in range(15):
        kernel.step()
    panel.typed.append(Delivery("command", "policy", (name,)))
    run(kernel)
    assert kernel.policy.name == name
    assert (15, "policy", 0, name) in kernel.events


def test_a_policy_that_does_not_exist_is_refused_and_changes_nothing() -> None:
    kernel, panel = machine("rr")
    panel.typed.append(Delivery("command", "policy", ("best",)))
    run(kernel)
    assert kernel.policy.name == "rr"
    assert next(data[0] for _, kind, _, *data in kernel.events if kind == "refused").startswith(
        "policy: no policy 'best'"
    )


def test_a_policy_of_ones_own_runs_live_and_its_choices_are_in_the_journal() -> None:
    """A replay has the choices and needs no function: nobody's file is run to look at a recording."""
    records = Reel()
    cpu, codec, panel = ScriptedCpu(frames=40, lanes=2), ByteCodec(), Panel()
    recorder = Recorder(cpu, codec, panel, records)
    config = Config(args=(6,), policy="own", quantum=5)
    programs: dict[str, Any] = {"init": parent, "child": child}
    last = recorder.chooser(lambda jobs, now: jobs[-1])
    kernel = Kernel(config, programs, recorder, recorder, recorder, store=recorder, choose=last)
    run(kernel)
    recorder.close()
    events = list(kernel.events)
    assert any(record[0] == "choose" for record in records)
    header = Header.of(config, cpu, codec, "")
    assert [e for k in replay(header, records, programs) for e in k.take_events()] == events
    rewind = Rewind(header, records, programs)
    live = [state_hash(rewind.goto(tick)) for tick in (40, 20)]
    assert live == [state_hash(rewind.goto(tick)) for tick in (20, 40)][::-1]
