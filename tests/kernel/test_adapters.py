"""Adapters chosen for each process: each gives what it gives alone, a change counts from the first token on, nobody shares."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from llmos.cpu.adapters import Adapter, merged
from llmos.cpu.engine import Engine
from llmos.cpu.scripted import ByteCodec, ScriptedCpu
from llmos_apps.top import table
from llmos_apps.ulib import Row
from llmos_kernel.cpu import Cpu
from llmos_kernel.journal import Header, Recorder, replay
from llmos_kernel.kernel import Config, Kernel
from llmos_kernel.ports import Delivery
from llmos_kernel.syscall import trap
from tests.cpu.small import tiny, weights

from .worlds import Panel  # noqa: TID251

TEXT = "one text for all of them, longer than one page of sixteen tokens"
LETTERS = 24


async def crowd(*names: str) -> int:
    """A thinker for each adapter, all with the same words and side by side."""
    for name in names:
        await trap("spawn", "thinker", name)
    for _ in names:
        await trap("wait")
    return 0


async def thinker(name: str) -> int:
    await trap("adapter", name)
    thought = await trap("think", (("text", TEXT),), LETTERS, 0, 0, 0, 0, 0, 0)
    await trap("exit", 0, thought[1])
    return 0


class Endless(ByteCodec):
    """Nothing ends a thought but its limit."""

    ends: tuple[int, ...] = ()
    marks: tuple[int, ...] = ()
    never: tuple[int, ...] = ()


PROGRAMS: dict[str, Any] = {"init": crowd, "thinker": thinker}


def machine(cpu: Cpu, *names: str, adapter: str = "none") -> tuple[Kernel, Panel]:
    world = Panel()
    return Kernel(Config(args=names, adapters=("a", "b"), adapter=adapter), PROGRAMS, cpu, Endless(), world), world


def finished(kernel: Kernel) -> dict[int, tuple[int, ...]]:
    """What each process sampled."""
    said: dict[int, tuple[int, ...]] = {}
    while not kernel.halted:
        kernel.step()
        kernel.check_integrity()
        said |= {e[2]: e[4] for e in kernel.take_events() if e[1] == "exit" and e[4]}
    return said


@pytest.fixture(scope="module")
def engine() -> Engine:
    """A tiny random model with two random adapters on it."""
    model = tiny()
    made = Engine(model, "exact8", frames=40, lanes=3, max_pages=8, chunk=32)
    for seed in (1, 2):
        rng = np.random.default_rng(seed)
        rows, columns = model.params["layers"][1]["q"].shape
        low = {"q": (rng.normal(size=(2, 4, columns)), rng.normal(size=(2, rows, 4)))}
        made.install(merged(model.params, Adapter("", 1, (), np.zeros((0, model.config.dim)), low)))
    assert np.array_equal(model.params["embed"], weights(model.config)["embed"])
    return made


@pytest.fixture(params=["scripted", "engine"])
def cpu(request: pytest.FixtureRequest) -> Cpu:
    return ScriptedCpu(lanes=3) if request.param == "scripted" else request.getfixturevalue("engine")


def test_side_by_side_each_gives_what_it_gives_alone(cpu: Cpu) -> None:
    alone = [finished(machine(cpu, name)[0])[2] for name in ("none", "a", "b")]
    assert len(set(alone)) == 3
    assert list(dict(sorted(finished(machine(cpu, "none", "a", "b")[0]).items())).values()) == alone


def test_without_an_adapter_tokens_are_those_of_a_machine_that_has_none(cpu: Cpu) -> None:
    bare = Kernel(Config(args=("none",)), PROGRAMS, cpu, Endless(), Panel())
    assert finished(bare) == finished(machine(cpu, "none")[0])
    assert finished(machine(cpu, "none", "none")[0])[3] == finished(machine(cpu, "b", "none")[0])[3]


def test_equal_words_are_shared_by_equal_weights_only(cpu: Cpu) -> None:
    for names, shares in ((("a", "a"), 1), (("none", "none"), 1), (("a", "b"), 0), (("a", "none"), 0)):
        kernel, _ = machine(cpu, *names)
        while not kernel.halted:
            kernel.step()
        assert sum(e[1] == "share" for e in kernel.take_events()) == shares, names


@pytest.mark.parametrize("tick", [8, 12, 20])
def test_a_change_while_it_runs_counts_from_the_first_token_on(cpu: Cpu, tick: int) -> None:
    kernel, world = machine(cpu, "a")
    while kernel.tick < tick:
        kernel.step()
    process = kernel.processes[2]
    world.typed.append(Delivery("command", "adapter", (2, "b")))
    kernel.step()
    while process.space.adapter != 2:
        kernel.step()
    given = tuple(process.space.tokens)
    kernel.check_integrity()
    after = finished(kernel)[2]
    said = len(given) - len(TEXT)
    assert 0 < said < LETTERS, "changed while it runs"
    assert after[said:] == _continued(cpu, given, LETTERS - said)


def _continued(cpu: Cpu, tokens: tuple[int, ...], count: int) -> tuple[int, ...]:
    """What adapter b says after these tokens: a context of its own that was never anything else."""

    async def begin() -> int:
        await trap("adapter", "b")
        thought = await trap("think", (("text", "x"),), count, 0, 0, 0, 0, 0, 0)
        await trap("exit", 0, thought[1])
        return 0

    class Given(Endless):
        def encode(self, text: str) -> list[int]:
            return list(tokens)

    kernel = Kernel(Config(adapters=("a", "b")), {"init": begin}, cpu, Given(), Panel())
    return finished(kernel)[1]


def test_children_begin_with_their_parents_adapter_and_all_of_it_is_shown() -> None:
    async def parent() -> tuple[Any, ...]:
        await trap("adapter", "b")
        child = await trap("spawn", "child")
        await trap("adapter", "none")
        await trap("adapter", "a", child)
        await trap("sleep", 2)
        rows = await trap("ps")
        await trap("exit", 0, rows)
        return ()

    async def child() -> int:
        await trap("sleep", 50)
        return 0

    kernel = Kernel(
        Config(adapters=("a", "b"), adapter="a"), {"init": parent, "child": child}, ScriptedCpu(), Endless(), Panel()
    )
    assert kernel.processes[1].space.adapter == 1
    while not kernel.halted:
        kernel.step()
    events = kernel.take_events()
    rows = next(e[4] for e in events if e[1] == "exit" and e[2] == 1)
    assert [row[-1] for row in rows] == ["none", "a"]
    assert [e[3] for e in events if e[1] == "adapter"] == ["b", "none", "a"]
    assert "ADAPTER" in table([Row(*row) for row in rows])
    assert "ADAPTER" not in table([Row(*rows[0])])


@pytest.mark.parametrize("args", [(2, "c"), (9, "a")])
def test_what_can_not_be_chosen_is_refused_in_one_line(args: tuple[int, str]) -> None:
    kernel, world = machine(ScriptedCpu(), "a")
    while kernel.tick < 8:
        kernel.step()
    kernel.take_events()
    world.typed.append(Delivery("command", "adapter", args))
    kernel.step()
    assert [e[3].splitlines() for e in kernel.take_events() if e[1] == "refused"]
    assert kernel.processes[2].space.adapter == 1


def test_a_change_is_in_the_journal_and_a_replay_makes_it_again() -> None:
    cpu, world, records = ScriptedCpu(lanes=2), Panel(), list[Any]()
    config = Config(args=("a", "none"), adapters=("a", "b"))
    recorder = Recorder(cpu, Endless(), world, records.append)
    kernel = Kernel(config, PROGRAMS, recorder, recorder, recorder)
    events: list[Any] = []
    while not kernel.halted:
        if kernel.tick == 10 and not any(e[1:] == ("adapter", 3, "b") for e in events):
            world.typed.append(Delivery("command", "adapter", (3, "b")))
        kernel.step()
        events += kernel.take_events()
    recorder.close()
    assert any(e[1:] == ("adapter", 3, "b") for e in events)
    header = Header.of(config, cpu, Endless(), {})
    assert [e for kernel in replay(header, records, PROGRAMS) for e in kernel.take_events()] == events
