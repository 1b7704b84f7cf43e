"""What XLA made of the engine, read from the compiled programs: no pool is copied, no weight grows, nothing compiles twice."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import jax
import pytest

from llmos import store
from llmos.cpu.engine import Engine
from llmos.cpu.loaders import load
from llmos_kernel.cpu import Mask

from .small import Context, tiny

SMOLLM2 = store.SMOLLM2.path  # asked before a test moves the home
COMPILED = "/jax/core/compile/backend_compile_duration"
SIZES = {"frames": 43, "lanes": 2, "max_pages": 4, "chunk": 16}
SHAPE = {"dim": 40, "head_dim": 10, "hidden": 56}
"""Pools and matrices have sizes here that nothing else has: neither 16 tokens nor the 32 rows of their two terms."""


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No program from an earlier run: what is read here was compiled here."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LLMOS_HOME", str(tmp_path_factory.mktemp("home")))
        yield


@pytest.fixture(scope="module")
def cpus(fresh: None) -> dict[str, Engine]:
    made = {mode: Engine(tiny(**SHAPE), mode, **SIZES) for mode in ("exact8", "float32")}
    for cpu in made.values():
        cpu.complete()
    return made


def shaped(kind: str, shape: tuple[int, ...]) -> str:
    return re.escape(f"{kind}[{','.join(map(str, shape))}]")


def copies(text: str, arrays: list[Any]) -> list[str]:
    """Instructions that copy something as large as one of these arrays, in any shape."""
    sizes = {a.size for a in arrays}
    found = re.findall(r"= \w+\[([\d,]*)\]\S* copy(?:-start)?\(.*", text)
    return [shape for shape in found if shape and product(shape) in sizes]


def product(shape: str) -> int:
    total = 1
    for n in shape.split(","):
        total *= int(n)
    return total


def floats(text: str, matrices: list[Any]) -> list[str]:
    """float32 buffers with the shape of one of these matrices: results of instructions outside of fused computations."""
    outside = "\n".join(part for part in text.split("\n\n") if "fused_computation" not in part.split("\n", 1)[0])
    shapes = {shaped("f32", s) for m in matrices for s in (m.shape, m.shape[::-1])}
    return [s for s in shapes if re.search(rf"= {s}", outside)]


def matrices(cpu: Engine) -> list[Any]:
    return [a for a in jax.tree.leaves(cpu.weights) if a.ndim == 2 and a.dtype == "int8"]


def check(cpu: Engine) -> None:
    """Every compiled program of this engine."""
    pool = jax.tree.leaves(cpu.pool)
    for name, program in cpu.programs().items():
        text = program.as_text()
        assert "ENTRY" in text
        assert not copies(text, pool), name
        assert not floats(text, matrices(cpu)), name
        if name.startswith("layer"):
            memory = program.memory_analysis()
            donated = sum(a.nbytes for a in jax.tree.leaves(cpu.pool[0]))
            assert memory.alias_size_in_bytes >= donated, name


@pytest.mark.parametrize("mode", ["exact8", "float32"])
def test_no_copy_of_a_pool_and_no_float_of_a_weight(cpus: dict[str, Engine], mode: str) -> None:
    check(cpus[mode])


def test_the_check_can_fail() -> None:
    pool = [jax.ShapeDtypeStruct((2, 43, 128), "int8")]
    assert copies("  %copy.3 = s8[2,43,128]{2,1,0} copy(s8[2,43,128]{2,0,1} %p)", pool) == ["2,43,128"]
    assert copies("  %copy.3 = s8[86,128]{1,0} copy(s8[86,128]{0,1} %p)", pool) == ["86,128"]
    assert not copies("  %copy.3 = s8[86,64]{1,0} copy(s8[86,64]{0,1} %p)", pool)
    weight = [jax.ShapeDtypeStruct((48, 32), "int8")]
    assert floats("ENTRY %main {\n  %c = f32[48,32]{1,0} convert(%w)\n}", weight)
    assert not floats("%fused_computation {\n  %c = f32[48,32]{1,0} convert(%w)\n}", weight)


@contextmanager
def counted() -> Iterator[list[str]]:
    """Programs that XLA compiles in between."""
    compiled: list[str] = []

    def hear(event: str, seconds: float, **about: Any) -> None:
        if event == COMPILED:
            compiled.append(event)

    jax.monitoring.register_event_duration_secs_listener(hear)
    try:
        yield compiled
    finally:
        jax.monitoring.unregister_event_duration_listener(hear)


def everything(cpu: Engine) -> None:
    """Prompts of all lengths, all numbers of lanes, greedy and sampled, masks, frames out and in."""
    for count in (1, 2):
        places = [range(1 + 4 * i, 5 + 4 * i) for i in range(count)]
        group = [Context(cpu, range(5, 40 + 7 * i), p, temperature=900 * (i % 2)) for i, p in enumerate(places)]
        for lane in group:
            lane.prefill(16 if count % 2 else 7)
        for lane, retired in zip(group, cpu.run([x.burst(1, 4) for x in group]), strict=True):
            lane.take(retired)
    masked = Context(cpu, range(5, 20), range(1, 5), allowed=Mask(lambda: b"\xff" * 38))
    masked.run(1)
    cpu.copy([(1, 2)])
    cpu.load(3, cpu.save(2))
    cpu.digest(1)


@pytest.mark.parametrize("mode", ["exact8", "float32"])
def test_nothing_is_compiled_after_warm_up(cpus: dict[str, Engine], mode: str) -> None:
    everything(cpus[mode])
    with counted() as compiled:
        everything(cpus[mode])
        assert not compiled
        jax.jit(lambda x: x * 3 + len(compiled))(1.5)
    assert compiled, "a new program is heard of"


def test_every_program_of_a_warm_up_is_told_before_it_is_made(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("LLMOS_HOME", str(tmp_path))
    cpu, heard = Engine(tiny(**SHAPE), "float32", **SIZES), list[tuple[str, float]]()
    cpu.warm(lambda what, part: heard.append((what, part)))
    names, parts = zip(*heard, strict=True)
    assert len(set(names)) == len(names) == 9, "two shapes of three programs, one for masks each, and the end"
    assert list(parts) == sorted(set(parts)), "none stands still"
    assert (parts[0], heard[-1]) == (0.0, ("ready", 1.0))
    heard.clear()
    cpu.warm(lambda what, part: heard.append((what, part)))
    assert heard == [("ready", 1.0)], "nothing is left to do"


@pytest.mark.real
def test_smollm2_one_lane(fresh: None) -> None:
    cpu = Engine(load(SMOLLM2), "exact8", 131, 2, 20, 64)
    cpu.warm(lambda what, part: None)
    check(cpu)
