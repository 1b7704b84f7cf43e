"""A lively recorded machine: thoughts, pipes, mail, signals, forks, exec and evictions, with no model."""

from __future__ import annotations

from typing import Any

from llmos.cpu.scripted import ByteCodec, ScriptedCpu
from llmos.tape import Reel
from llmos_kernel.errors import KernelError, Signalled
from llmos_kernel.journal import Header, Recorder
from llmos_kernel.kernel import Config, Kernel
from llmos_kernel.syscall import trap

from .worlds import Panel  # noqa: TID251


async def init(rounds: int) -> int:
    r, w = await trap("pipe")
    await trap("start", "teller", (rounds,), ((1, w),))
    await trap("start", "hearer", (), ((0, r),))
    await trap("close", r)
    await trap("close", w)
    for n in range(rounds):
        child = await trap("spawn", "careful" if n % 3 else "changer", 20 + n % 7)
        await trap("sleep", 9)
        try:
            await trap("kill", child, ("TERM", "STOP", "INT")[n % 3])
            await trap("kill", child, "CONT")
        except KernelError:
            await trap("write", 1, f"{child} had ended\n")
        await trap("wait")
    return 0


async def teller(rounds: int) -> int:
    for n in range(4 * rounds):
        text, *_ = await trap("think", (("user", f"line {n}"),) if n % 8 == 0 else (), 6, 500, 0, n, 0, 0, 0)
        await trap("write", 1, text + "\n")
        if n % 8 == 7:
            await trap("fork", "careful", 8)
    return 0


async def hearer() -> int:
    count = 0
    while True:
        try:
            count += len(await trap("read", 0))
        except KernelError:
            return count % 256


async def careful(tokens: int) -> int:
    await trap("signal", "TERM", "catch")
    caught = 0
    while caught < 2:
        try:
            await trap("think", (("user", "again and again"),), tokens, 700, 0, 3, 0, 1, 0)
            return caught
        except Signalled:
            caught += 1
    return caught


async def changer(tokens: int) -> int:
    await trap("think", (("user", "before"),), 3, 0, 0, 0, 0, 1, 0)
    await trap("exec", "careful", tokens)
    return 1


PROGRAMS: dict[str, Any] = {
    "init": init, "teller": teller, "hearer": hearer, "careful": careful, "changer": changer,
}  # fmt: skip


def machine(rounds: int, frames: int = 30) -> tuple[Kernel, Header, Reel]:
    """A machine at its first tick, its header, and the tape its records go to."""
    records = Reel()
    cpu, codec = ScriptedCpu(frames=frames, lanes=2, max_pages=24), ByteCodec()
    config = Config(args=(rounds,), quantum=5)
    recorder = Recorder(cpu, codec, Panel(), records)
    kernel = Kernel(config, PROGRAMS, recorder, recorder, recorder, store=recorder)
    return kernel, Header.of(config, cpu, codec, ""), records
