"""The life of processes: signals, jobs, exec, orphans, limits, pipes, mailboxes, deadlock. The laws hold after every tick."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from llmos.cpu.scripted import ByteCodec, ScriptedCpu
from llmos.narrate import log_line
from llmos_kernel.errors import KernelError, Signalled
from llmos_kernel.kernel import Config, Kernel
from llmos_kernel.process import State
from llmos_kernel.syscall import trap

from .worlds import Panel  # noqa: TID251

Program = Callable[..., Coroutine[Any, Any, Any]]


def boot(init: Program, **programs: Program) -> Kernel:
    config = Config(args=(), quantum=4)
    return Kernel(config, {"init": init, **programs}, ScriptedCpu(frames=40, lanes=2), ByteCodec(), Panel())


def run(kernel: Kernel, most: int = 2_000) -> list[tuple[Any, ...]]:
    """Events until the machine halts."""
    for _ in range(most):
        if kernel.halted:
            return kernel.events
        kernel.step()
        kernel.check_integrity()
    raise AssertionError("the machine did not halt")


def said(kernel: Kernel) -> str:
    return "".join(e[4] for e in kernel.events if e[1] == "out")


async def say(text: object) -> None:
    await trap("write", 1, f"{text} ")


async def thinker(tokens: int = 60) -> int:
    await trap("think", (("user", "go on"),), tokens, 1000, 0, 7, 0, 1, 0)
    return 0


async def sleeper(ticks: int = 400) -> int:
    await trap("sleep", ticks)
    return 0


@pytest.mark.parametrize("victim", ["thinker", "sleeper"])
@pytest.mark.parametrize(("signal", "status"), [("TERM", 143), ("KILL", 137), ("INT", 130)])
def test_a_signal_ends_a_process_with_its_number(victim: str, signal: str, status: int) -> None:
    async def init() -> int:
        child = await trap("spawn", victim)
        await trap("sleep", 3)
        await trap("kill", child, signal)
        await say(await trap("wait", child))
        return 0

    kernel = boot(init, thinker=thinker, sleeper=sleeper)
    run(kernel)
    assert said(kernel) == f"(2, {status}) "


@pytest.mark.parametrize("victim", ["thinker", "sleeper"])
def test_stop_and_continue_lose_nothing(victim: str) -> None:
    async def init() -> int:
        child = await trap("spawn", victim)
        await trap("sleep", 3)
        await trap("kill", child, "STOP")
        await trap("sleep", 500)
        await say([row[3] for row in await trap("ps") if row[0] == child])
        await trap("kill", child, "CONT")
        await say(await trap("wait", child))
        return 0

    kernel = boot(init, thinker=thinker, sleeper=sleeper)
    run(kernel)
    assert said(kernel) == "['STOPPED'] (2, 0) "


def test_a_stopped_process_uses_no_ticks() -> None:
    async def init() -> int:
        child = await trap("spawn", "thinker", 30)
        await trap("sleep", 5)
        await trap("kill", child, "STOP")
        await trap("sleep", 50)
        await trap("kill", child, "CONT")
        await trap("wait")
        return 0

    kernel = boot(init, thinker=thinker)
    for _ in range(12):
        kernel.step()
    before = kernel.processes[2].account.ran
    for _ in range(30):
        kernel.step()
    assert kernel.processes[2].state is State.STOPPED
    assert kernel.processes[2].account.ran == before
    run(kernel)


def test_a_caught_signal_is_an_exception_and_the_call_can_be_made_again() -> None:
    async def careful() -> int:
        await trap("signal", "TERM", "catch")
        while True:
            try:
                await trap("sleep", 30)
                return 7
            except Signalled as caught:
                await say(caught.signal)

    async def init() -> int:
        child = await trap("spawn", "careful")
        await trap("sleep", 3)
        await trap("kill", child)
        await trap("sleep", 3)
        await trap("kill", child, "TERM")
        await say(await trap("wait", child))
        return 0

    kernel = boot(init, careful=careful)
    run(kernel)
    assert said(kernel) == "TERM TERM (2, 7) "


def test_an_ignored_signal_does_nothing_but_kill_does() -> None:
    async def deaf() -> int:
        await trap("signal", "TERM", "ignore")
        await trap("signal", "INT", "ignore")
        return await sleeper()

    async def init() -> int:
        child = await trap("spawn", "deaf")
        await trap("sleep", 3)
        await trap("kill", child, "TERM")
        await trap("kill", child, "INT")
        await trap("sleep", 2)
        await say(len(await trap("ps")))
        await trap("kill", child, "KILL")
        await say(await trap("wait"))
        return 0

    kernel = boot(init, deaf=deaf)
    run(kernel)
    assert said(kernel) == "2 (2, 137) "


def test_orphans_go_to_init_and_zombies_are_reaped() -> None:
    async def middle() -> int:
        await trap("spawn", "sleeper", 20)
        return 3

    async def init() -> int:
        await trap("spawn", "middle")
        await trap("sleep", 5)
        await say([(r[0], r[1], r[3]) for r in await trap("ps") if r[0] > 1])
        await say(await trap("wait"))
        await say(await trap("wait"))
        return 0

    kernel = boot(init, middle=middle, sleeper=sleeper)
    run(kernel)
    assert said(kernel) == "[(2, 1, 'ZOMBIE'), (3, 1, 'BLOCKED')] (2, 3) (3, 0) "


def test_exec_keeps_number_and_parent_and_drops_the_context() -> None:
    async def first() -> int:
        await trap("think", (("user", "x"),), 5, 0, 0, 0, 0, 1, 0)
        await trap("exec", "second", 4)
        return 1

    async def second(status: int) -> int:
        row = next(r for r in await trap("ps") if r[0] == 2)
        await say((row[1], row[2], row[4]))
        return status

    async def init() -> int:
        await trap("spawn", "first")
        await say(await trap("wait"))
        return 0

    kernel = boot(init, first=first, second=second)
    run(kernel)
    assert said(kernel) == "(1, 'second', 0) (2, 4) "


def test_a_fork_bomb_takes_its_own_job_down_and_nobody_else() -> None:
    async def bomb() -> int:
        while True:
            try:
                await trap("fork", "bomb")
            except KernelError:
                await trap("sleep", 1)

    async def init() -> int:
        child = await trap("spawn", "bomb")
        await trap("group", child)
        await trap("sleep", 40)
        await say(len(await trap("ps")))
        await trap("kill", -child, "KILL")
        await trap("sleep", 1)
        await say([r for r in await trap("ps") if r[3] != "ZOMBIE" and r[0] != 1])
        return 0

    kernel = boot(init, bomb=bomb)
    run(kernel)
    assert said(kernel) == "129 [] "


@pytest.mark.parametrize(
    ("kind", "most", "status"),
    [("tokens", 5, 1), ("frames", 1, 137), ("files", 2, 1), ("children", 1, 1), ("ticks", 30, 152), ("output", 3, 1)],
)
def test_limits_hold_and_say_so(kind: str, most: int, status: int) -> None:
    async def greedy() -> int:
        await trap("limit", kind, most)
        while True:
            await trap("think", (("user", "a long prompt, more than one page"),), 50, 0, 0, 0, 0, 1, 0)
            await trap("open", "console")
            await trap("spawn", "sleeper", 1)
            await trap("spawn", "sleeper", 1)
            await trap("write", 1, "words")

    async def init() -> int:
        child = await trap("spawn", "greedy")
        await say((await trap("wait", child))[1])
        return 0

    kernel = boot(init, greedy=greedy, sleeper=sleeper)
    events = run(kernel)
    assert said(kernel).endswith(f"{status} ")
    why = next(e[5] for e in events if e[1] == "exit" and e[2] == 2)
    assert str(most) in why


def test_a_pipe_brings_lines_in_order_with_back_pressure() -> None:
    async def writer(count: int) -> int:
        for n in range(count):
            await trap("write", 1, f"{n}:{'x' * 700}\n")
        return 0

    async def reader() -> int:
        count = 0
        while True:
            try:
                line = await trap("read", 0)
            except KernelError:
                return count
            assert line.startswith(f"{count}:")
            count += 1
            await trap("sleep", 2)

    async def init() -> int:
        r, w = await trap("pipe")
        await trap("start", "writer", (40,), ((1, w),))
        child = await trap("start", "reader", (), ((0, r),))
        await trap("close", r)
        await trap("close", w)
        await trap("wait", child - 1)
        await say(await trap("wait", child))
        return 0

    kernel = boot(init, writer=writer, reader=reader)
    most = 0
    while not kernel.halted:
        kernel.step()
        kernel.check_integrity()
        most = max([most, *(len(p.text) for p in kernel.pipes.values())])
    assert said(kernel) == "(3, 40) "
    assert 700 < most <= 4_096
    assert not kernel.pipes


def test_a_writer_without_a_reader_breaks() -> None:
    async def init() -> int:
        r, w = await trap("pipe")
        await trap("close", r)
        try:
            await trap("write", w, "x")
        except KernelError as e:
            await say(type(e).__name__)
        return 0

    kernel = boot(init)
    run(kernel)
    assert said(kernel) == "BrokenPipe "


def test_messages_arrive_in_order_and_a_full_box_blocks_the_sender() -> None:
    async def sender(to: int, count: int) -> int:
        for n in range(count):
            await trap("send", to, n)
        return 0

    async def init() -> int:
        await trap("spawn", "sender", 1, 200)
        await trap("sleep", 100)
        got = [(await trap("recv"))[1] for _ in range(200)]
        await say(got == list(range(200)))
        await trap("wait")
        return 0

    kernel = boot(init, sender=sender)
    most = 0
    while not kernel.halted:
        kernel.step()
        kernel.check_integrity()
        most = max([most, *(len(box.messages) for box in kernel.mail.values())])
    assert said(kernel) == "True "
    assert most == 64


def test_a_sender_learns_that_the_owner_of_a_full_box_has_ended() -> None:
    async def sender(to: int) -> int:
        try:
            while True:
                await trap("send", to, "x")
        except KernelError:
            return 5

    async def init() -> int:
        owner = await trap("spawn", "sleeper", 30)
        await trap("spawn", "sender", owner)
        await trap("wait", owner)
        await say(await trap("wait"))
        return 0

    kernel = boot(init, sender=sender, sleeper=sleeper)
    run(kernel)
    assert said(kernel) == "(3, 5) "


def test_a_deadlock_is_named_and_a_signal_ends_it() -> None:
    async def partner(mine: int) -> int:
        await trap("read", mine)
        return 0

    async def init() -> int:
        r, w = await trap("pipe")
        s, x = await trap("pipe")
        one = await trap("start", "partner", (5,), ((5, r), (6, x)))
        two = await trap("start", "partner", (5,), ((5, s), (6, w)))
        for channel in (r, w, s, x):
            await trap("close", channel)
        await trap("sleep", 600)
        await trap("kill", one)
        await say(await trap("wait", one))
        await say(await trap("wait", two))
        return 0

    kernel = boot(init, partner=partner)
    events = run(kernel)
    named = [e[3] for e in events if e[1] == "deadlock"]
    assert named == [(2, 3)]
    told = [line.text for e in events if e[1] == "deadlock" and (line := log_line(e))]
    assert told == [
        "dead   locked: pid 2 waits for words in pipe 1; pid 3 waits for words in pipe 2; a signal to one of them ends it"
    ]
    assert said(kernel) == "(2, 143) (3, 1) "


def test_a_higher_priority_interrupts_at_once_and_nice_changes_it() -> None:
    async def init() -> int:
        low = [await trap("spawn", "thinker", 200) for _ in range(3)]
        await trap("sleep", 20)
        await trap("nice", low[2], 20)
        await trap("sleep", 20)
        return 0

    config = Config(quantum=50, policy="priority")
    kernel = Kernel(
        config, {"init": init, "thinker": thinker}, ScriptedCpu(lambda _: 97, frames=90, lanes=1), ByteCodec(), Panel()
    )
    for _ in range(25):
        kernel.step()
        kernel.check_integrity()
    running = kernel.lanes[0]
    assert running is not None
    assert running.pid == 4
