"""Who loses its frames when they are short: each policy takes whom it says, and everybody gets done under all of them."""

from __future__ import annotations

from typing import Any

import pytest

from llmos.cpu.scripted import ByteCodec, ScriptedCpu
from llmos_kernel.kernel import Config, Kernel
from llmos_kernel.ports import Delivery
from llmos_kernel.syscall import trap
from llmos_kernel.victims import VICTIMS

from .worlds import Panel  # noqa: TID251

LONG, SHORT, LATE = 2, 3, 4  # pids: 120 tokens at priority 2, 20 at 5, 50 at 1


async def init() -> int:
    for letters, priority in ((120, 2), (20, 5), (50, 1)):
        await trap("nice", await trap("spawn", "talker", letters), priority)
        await trap("sleep", 3)
    await trap("sleep", 60)
    await trap("spawn", "talker", 100)
    for _ in range(4):
        await trap("wait")
    return 0


async def talker(letters: int) -> int:
    await trap("think", (("text", f"{letters:03} " + "x" * (letters - 4)),), 90, 0, 0, 0, 0, 0, 0)
    return 0


def machine(victims: str) -> Kernel:
    """One lane; the three first fit into 20 frames beside each other, the fourth does not."""
    programs: dict[str, Any] = {"init": init, "talker": talker}
    cpu = ScriptedCpu(lambda context: 97, frames=21, lanes=1, max_pages=16)
    return Kernel(Config(quantum=4, victims=victims), programs, cpu, ByteCodec(), Panel())


def first_victim(kernel: Kernel) -> tuple[int, dict[int, int]]:
    """The first process to lose its frames, and when each had last run."""
    while True:
        last = {pid: process.account.last for pid, process in kernel.processes.items()}
        kernel.step()
        for _, kind, pid, *_ in kernel.take_events():
            if kind == "evict":
                return pid, last


@pytest.mark.parametrize(
    ("name", "pid"), [("largest", LONG), ("cheapest", SHORT), ("lowest", LATE), ("youngest", LATE)]
)
def test_each_policy_takes_whom_it_says(name: str, pid: int) -> None:
    assert first_victim(machine(name))[0] == pid


def test_the_default_takes_whoever_has_not_run_for_the_longest() -> None:
    assert Config().victims == "lru"
    pid, last = first_victim(machine("lru"))
    assert last[pid] == min(last[other] for other in (LONG, SHORT, LATE))


@pytest.mark.parametrize("name", sorted(VICTIMS))
def test_everybody_gets_done(name: str) -> None:
    kernel = machine(name)
    while not kernel.halted:
        kernel.step()
        kernel.check_integrity()
        assert kernel.tick < 3_000
    assert kernel.decoded == 4 * 90
    assert kernel.evictions > 0


def test_it_can_change_while_all_run_and_a_wrong_name_is_refused() -> None:
    kernel = machine("lru")
    panel = kernel.world
    assert isinstance(panel, Panel)
    panel.typed += [Delivery("command", "victims", ("best",)), Delivery("command", "victims", ("largest",))]
    kernel.step()
    assert kernel.victims == "largest"
    assert any(kind == "refused" and "no victim policy 'best'" in data[0] for _, kind, _, *data in kernel.events)
    assert first_victim(kernel)[0] == LONG
