"""exact8 and swap: the tokens of a process are bitwise the same with its pages swapped out at every token."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from llmos.cpu.config import Model, ModelConfig
from llmos.cpu.engine import Engine
from llmos.cpu.scripted import ByteCodec
from llmos.swap import PageFile
from llmos.train.forward import init
from llmos_kernel import pager
from llmos_kernel.cpu import Cpu
from llmos_kernel.kernel import Config, Kernel
from llmos_kernel.ports import Codec
from llmos_kernel.syscall import trap

from .machines import Quiet

TINY = ModelConfig("llama", 288, dim=24, layers=2, heads=4, kv_heads=2, head_dim=6, hidden=40, context=128)


class Deaf(ByteCodec):
    """Nothing ends a thought but its limit."""

    ends: tuple[int, ...] = ()
    marks: tuple[int, ...] = ()
    never: tuple[int, ...] = ()


async def thinker(text: str, limit: int) -> int:
    thought = await trap("think", (("text", text),), limit, 700, 0, 5, 0, 0, 0)
    await trap("exit", 0, thought[1])
    return 0


@pytest.fixture(scope="module")
def tiny() -> Engine:
    model = Model("tiny", TINY, init(TINY, 1), tokenizer=None, sha256="", source="")  # type: ignore[arg-type]
    return Engine(model, "exact8", frames=9, lanes=1, max_pages=8, chunk=16)


def tokens(cpu: Cpu, codec: Codec, path: Any, text: str, limit: int, swaps: Callable[[int], bool]) -> tuple[int, ...]:
    """What the process samples when it is swapped out after each tick that `swaps` names."""
    file = PageFile(path, cpu.geometry.frame_bytes, 16)
    config = Config(args=(text, limit), slots=16)
    kernel = Kernel(config, {"init": thinker}, cpu, codec, Quiet(), store=file)
    while not kernel.halted:
        kernel.step()
        process = kernel.processes.get(1)
        if process and swaps(kernel.tick):
            assert pager.swap_out(kernel, process)
            kernel.memory.published.clear()  # no frame may be found again: all must come from the file
            kernel.memory.name_of = [None] * len(kernel.memory.name_of)
            kernel.memory.free += list(kernel.memory.cached)
            kernel.memory.cached.clear()
            for frame in kernel.memory.free:
                cpu.load(frame, b"\x7f" * cpu.geometry.frame_bytes)
        kernel.check_integrity()
    file.close()
    ids: tuple[int, ...] = next(e[4] for e in kernel.events if e[1] == "exit")
    return ids


def test_swap_at_every_token_and_at_every_single_one(tiny: Engine, tmp_path: Any) -> None:
    text, limit = "pages come and go, the text on", 12
    calm = tokens(tiny, Deaf(), tmp_path / "a", text, limit, lambda tick: False)
    assert len(calm) == limit
    assert tokens(tiny, Deaf(), tmp_path / "b", text, limit, lambda tick: True) == calm
    for cut in range(1, limit + 4):
        assert tokens(tiny, Deaf(), tmp_path / "c", text, limit, lambda tick, cut=cut: tick == cut) == calm


@pytest.mark.real
def test_a_sample_on_the_real_model(tmp_path: Any) -> None:
    from llmos.options import Options
    from llmos.processor import build

    options = Options(model="smollm2", frames=9, lanes=1, max_pages=8, chunk=16, devices=())
    cpu, codec = build(options)
    text = "The page table of a process says where each of its pages is. When a page is not in memory,"
    calm = tokens(cpu, codec, tmp_path / "a", text, 16, lambda tick: False)
    assert tokens(cpu, codec, tmp_path / "b", text, 16, lambda tick: tick % 3 == 0) == calm
