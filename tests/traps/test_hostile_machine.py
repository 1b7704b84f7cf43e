"""Hostile arguments in a whole machine: every call is answered, nobody else is kept from running, the laws hold."""

from __future__ import annotations

import time
from contextlib import suppress
from pathlib import Path

import pytest
from devices.test_browser import HOSTILE as PAGES
from devices.test_calc import HOSTILE as SUMS
from devices.test_files import WAYS_OUT as PATHS
from devices.test_python import HOSTILE as CODE

from llmos.cpu.scripted import ByteCodec, ScriptedCpu
from llmos.devices.base import Context, DeviceError, Result
from llmos.devices.registry import Settings, close, mounted
from llmos.machine import Machine
from llmos.world import HostWorld
from llmos_apps import PROGRAMS, ulib
from llmos_kernel.kernel import Config, Kernel
from llmos_kernel.ports import Delivery, Request

LISTS = {"calc": list(SUMS), "files": list(PATHS), "browser": list(PAGES), "python": list(CODE)}


async def hammer(device: str, *texts: str) -> int:
    """Calls one after the other; what comes back, or how it was refused, is counted."""
    for text in texts:
        with suppress(ulib.KernelError):
            await ulib.call(device, text)
        await ulib.say(f"{device}\n")
    return 0


async def thinker() -> int:
    while True:
        await ulib.think(("text", "go on"), limit=50, chat=False, traps=False)
        await ulib.execute("thinker")


async def all_at_once() -> int:
    await ulib.spawn("thinker")
    children = [await ulib.spawn("hammer", device, *texts) for device, texts in LISTS.items()]
    for child in children:
        await ulib.wait(child)
    return 0


def test_the_lists_are_long() -> None:
    assert all(len(texts) >= 20 for texts in LISTS.values())


class Half:
    """Answers with half a character, and with the other half when it refuses."""

    name, help, usage, grammar, outside = "half", "", ("",), "start: /x/\n", False

    def call(self, text: str, ctx: Context) -> Result:
        if text:
            raise DeviceError("\udfff")
        return Result("a\ud800", "half")


def test_halves_of_characters_do_not_cross_into_the_kernel() -> None:
    world = HostWorld({"half": Half()})
    for number, text in enumerate(("", "x")):
        world.submit(Request(number, 1, "half", text))
    found: list[Delivery] = []
    end = time.monotonic() + 10
    while len(found) < 2 and time.monotonic() < end:
        found += world.poll()
    assert sorted(str(delivery.data) for delivery in found) == ["('?', 'half')", "('a?', 'half')"]


def test_every_hostile_call_is_answered_and_the_others_run_on(tmp_path: Path) -> None:
    pytest.importorskip("pydantic_monty")
    pytest.importorskip("lxml")
    devices = mounted(LISTS, Settings(home=tmp_path))
    programs = {**PROGRAMS, "hammer": hammer, "thinker": thinker, "all": all_at_once}
    world = HostWorld(devices, Context(timeout=0.25))
    kernel = Kernel(
        Config(args=("all",), devices=tuple(devices)), programs, ScriptedCpu(lambda ids: 97), ByteCodec(), world
    )
    machine = Machine(kernel, world)
    world.end_input()  # nobody is there to be asked
    said: list[str] = []
    end = time.monotonic() + 120
    while not kernel.halted:
        assert time.monotonic() < end, len(said)
        said += [e[4].strip() for e in machine.step() if e[1] == "out"]
        world.wait(0.002)  # lets the devices' threads run
        if kernel.tick % 64 == 0:
            kernel.check_integrity()
    close(devices)
    assert {device: said.count(device) for device in LISTS} == {device: len(texts) for device, texts in LISTS.items()}
    assert kernel.decoded > kernel.tick // 2, "the one that thinks got a token in most ticks"
    assert not any(tmp_path.rglob("*.svg"))
