"""Shared memory: a context read once and mapped by many, with rights, under pressure, and gone with its maker."""

from __future__ import annotations

from typing import Any

import pytest

from llmos.cpu.scripted import ByteCodec, ScriptedCpu
from llmos_kernel.errors import KernelError
from llmos_kernel.kernel import Config, Kernel
from llmos_kernel.labels import Label, Ring
from llmos_kernel.segments import sys_share
from llmos_kernel.syscall import trap

from .worlds import Panel  # noqa: TID251

TEXT = "The lighthouse keeper counts the ships at night. " * 8
READ = len(TEXT) // 16  # whole pages
THINK = (500, 0, 7, 0, 0, 0)  # temperature, min_p, seed, echo, chat, traps


async def reader(end: int) -> int:
    """Reads the text, shares it, and lives for so many ticks."""
    await trap("think", (("text", TEXT),), 1, *THINK)
    await trap("share", "text")
    await trap("sleep", end)
    return 0


async def asker(question: str) -> int:
    await trap("attach", "text")
    text, *_ = await trap("think", (("data", question),), 12, *THINK)
    await trap("exit", 0, text)
    return 0


async def alone(question: str) -> int:
    """What an asker thinks, with the text read by itself."""
    await trap("think", (("text", TEXT),), 1, *THINK)
    text, *_ = await trap("think", (("data", question),), 12, *THINK)
    await trap("exit", 0, text)
    return 0


async def boss(program: str, askers: int, end: int) -> int:
    await trap("spawn", "reader", end)
    await trap("sleep", 20)
    for n in range(askers):
        await trap("spawn", program, f" Who is number {n}?")
    for _ in range(askers + 1):
        await trap("wait")
    return 0


def machine(*args: Any, frames: int = 200, lanes: int = 2, init: Any = boss, rights: str = "") -> Kernel:
    programs = {"init": init, "reader": reader, "asker": asker, "alone": alone}
    cpu = ScriptedCpu(frames=frames, lanes=lanes, max_pages=40)
    return Kernel(Config(args=args, quantum=4, rights=rights), programs, cpu, ByteCodec(), Panel())


def run(kernel: Kernel) -> dict[int, Any]:
    """To the end, the laws looked at after every tick; what each process exited with."""
    while not kernel.halted:
        kernel.step()
        kernel.check_integrity()
        assert kernel.tick < 5_000
    return {pid: data[1] for _, kind, pid, *data in kernel.events if kind == "exit"}


def test_a_segment_is_read_once_and_says_the_same_as_a_context_of_ones_own() -> None:
    shared, apart = machine("asker", 4, 200), machine("alone", 4, 200)
    said, own = run(shared), run(apart)
    assert {pid: said[pid] for pid in range(3, 7)} == {pid: own[pid] for pid in range(3, 7)}
    assert shared.prefilled < len(TEXT) + 4 * 40
    attached = [data for _, kind, _, *data in shared.events if kind == "attached"]
    assert [pages for _, _, pages in attached] == [READ + (len(TEXT) % 16 > 0)] * 4
    assert not shared.segments, "it went with its maker"
    assert shared.memory.available() == shared.memory.total


def test_who_attached_it_keeps_it_when_its_maker_is_gone() -> None:
    kernel = machine("asker", 2, 22)
    said = run(kernel)
    assert all(isinstance(said[pid], str) and said[pid] for pid in (3, 4))


async def crowded(big: int) -> int:
    await trap("spawn", "reader", 900)
    await trap("sleep", 20)
    await trap("think", (("text", "z" * big),), 1, *THINK)
    await trap("spawn", "asker", " Who?")
    await trap("sleep", 200)
    return 0


def test_under_pressure_a_segment_gives_up_its_frames_and_is_read_again() -> None:
    """Of 30 frames the text takes 25, and something else 25 later on; what is asked of the text is answered all the same."""
    roomy, tight = machine(400, init=crowded), machine(400, init=crowded, frames=31)
    assert run(tight)[3] == run(roomy)[3]
    assert roomy.prefilled < len(TEXT) + 400 + 40
    assert tight.prefilled > roomy.prefilled + len(TEXT) // 2


@pytest.mark.parametrize(
    ("calls", "wrong"),
    [
        ((("attach", "text"),), "no segment 'text'"),
        ((("share", "mine"),), "nothing to share"),
        ((("think", (("text", "x"),), 1, *THINK), ("share", "a"), ("share", "a")), "a name of its own"),
        ((("think", (("text", "x"),), 1, *THINK), ("share", "a"), ("attach", "a")), "before anything else"),
        ((("unshare", "a"),), "no segment 'a' of pid 1"),
    ],
)
def test_wrong_calls_are_told(calls: tuple[tuple[Any, ...], ...], wrong: str) -> None:
    told: list[str] = []

    async def init() -> int:
        for call in calls:
            try:
                await trap(*call)
            except KernelError as error:
                told.append(str(error))
        return 0

    kernel = machine(init=init)
    run(kernel)
    assert len(told) == 1
    assert wrong in told[0]
    assert kernel.memory.available() == kernel.memory.total


def test_without_the_right_to_it_nobody_attaches() -> None:
    kernel = machine("asker", 1, 100, rights='{"asker": {"devices": ["calc"]}}')
    run(kernel)
    assert any(kind == "exit" and pid == 3 and "attach" in data[2] for _, kind, pid, *data in kernel.events)


def test_what_only_some_may_read_is_not_shared_and_labels_come_along() -> None:
    kernel = machine("asker", 1, 400)
    while "text" not in kernel.segments:
        kernel.step()
    label = kernel.segments["text"].space.tail
    while not any(kind == "attached" for _, kind, *_ in kernel.events):
        kernel.step()
    assert kernel.processes[3].space.spans[0][1] == label
    secret = kernel.processes[2].space
    secret.append((65,), Label(Ring.USER, ("anna",)), "u")
    with pytest.raises(KernelError, match="only anna"):
        sys_share(kernel, kernel.processes[2], "more")
