"""Control ids that only the kernel writes: no process samples one, whatever it may do; a model by itself samples all it has."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from llmos import store
from llmos.cpu.isa import ModelCodec
from llmos.cpu.loaders import load
from llmos.cpu.scripted import DONE, GO, RESULT, TRAP, ByteCodec, ScriptedCpu, replies
from llmos.devices.calc import Calculator
from llmos.processor import codec_of
from llmos.world import HostWorld
from llmos_apps import PROGRAMS
from llmos_apps.ulib import leave, think
from llmos_kernel.cpu import Burst, Retired
from llmos_kernel.kernel import Config, Kernel


class Watched(ScriptedCpu):
    """Keeps what each burst that samples was forbidden. A script takes no notice of it."""

    def __init__(self, script: Any) -> None:
        super().__init__(script)
        self.seen: list[tuple[int, ...]] = []

    def run(self, bursts: Sequence[Burst]) -> Sequence[Retired]:
        self.seen += [burst.never for burst in bursts if burst.steps]
        return super().run(bursts)


async def thinker(traps: bool, bare: bool) -> int:
    thought = await think(("user", "what is 1+1?"), traps=traps, bare=bare)
    await leave(0, thought.text)
    return 0


def watched(
    reply: str, dialect: str = "llmos", devices: tuple[str, ...] = ("calc",), **how: bool
) -> set[tuple[int, ...]]:
    """All that was ever forbidden to one process that thinks once."""
    cpu = Watched(replies(lambda heard: reply))
    config = Config(
        init="thinker", args=(how.get("traps", True), how.get("bare", False)), devices=devices, dialect=dialect
    )
    world = HostWorld({"calc": Calculator()} if devices else {})
    kernel = Kernel(config, {**PROGRAMS, "thinker": thinker}, cpu, ByteCodec(), world)
    while not kernel.halted:
        kernel.step()
    return set(cpu.seen)


def test_who_may_call_never_samples_what_the_kernel_writes() -> None:
    assert watched("It is {calc 1+1}$.") == {(RESULT, DONE)}


@pytest.mark.parametrize("how", [{"traps": False}, {"devices": ()}, {"dialect": "hermes"}])
def test_who_may_not_call_by_control_ids_opens_no_call_either(how: dict[str, Any]) -> None:
    assert watched("It is two.", **how) == {(RESULT, DONE, TRAP, GO)}


def test_a_model_by_itself_samples_what_it_likes() -> None:
    assert watched("It is two.", bare=True) == {()}


@pytest.fixture(scope="module")
def model() -> Any:
    return load(store.resolve("nano"))


def test_a_models_headers_are_the_kernels_and_its_ends_its_own(model: Any) -> None:
    codec: ModelCodec = codec_of(model)
    assert {codec.name(token) for token in codec.never} == {"<|result|>", "<|done|>", "<|im_start|>"}
    assert not set(codec.never) & {*codec.ends, *codec.marks[:2]}
