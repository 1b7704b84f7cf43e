"""exact8's promise, bitwise, on a tiny random model: tokens and KV bytes are the same whatever the company and the cuts."""

from __future__ import annotations

import jax
import numpy as np
import pytest

from llmos.cpu import exact8, quantize
from llmos.cpu.engine import Engine

from .small import Context, engine

PROMPT = [7, 250, 31, 4, 99, 180, 2, 61, 13, 200, 5, 88, 149, 30, 77, 12, 211, 8]
GREEDY, SAMPLED = {"temperature": 0}, {"temperature": 1200, "seed": 3, "min_p": 20}


@pytest.fixture(scope="module")
def cpu() -> Engine:
    return engine("exact8")


@pytest.fixture(scope="module")
def alone(cpu: Engine) -> dict[str, tuple[list[int], list[bytes]]]:
    runs = {}
    for name, options in (("greedy", GREEDY), ("sampled", SAMPLED)):
        lane = Context(cpu, PROMPT, range(1, 5), **options)
        runs[name] = (lane.run(24), lane.bytes())
    return runs


@pytest.mark.parametrize(("name", "options"), [("greedy", GREEDY), ("sampled", SAMPLED)])
def test_every_cut_and_restore(
    cpu: Engine, alone: dict[str, tuple[list[int], list[bytes]]], name: str, options: dict
) -> None:
    ids, pages = alone[name]
    for cut in range(1, len(ids)):
        lane = Context(cpu, PROMPT, range(1, 5), **options)
        if cut < len(PROMPT):
            lane.fed = cpu.run([lane.burst(cut, 0)])[0].fed
        else:
            lane.run(cut - len(PROMPT) + 1)
        saved = [cpu.save(f) for f in lane.frames]
        for f in lane.frames:
            cpu.load(f, bytes(len(saved[0])))
        lane.frames = (11, 9, 14, 7)
        for f, data in zip(lane.frames, saved, strict=True):
            cpu.load(f, data)
        lane.run(len(ids) - len(lane.ids))
        assert lane.ids == ids, cut
        assert lane.bytes() == pages, cut


@pytest.mark.parametrize("chunk", [1, 3, 16, 17, 32])
def test_any_chunking(cpu: Engine, alone: dict[str, tuple[list[int], list[bytes]]], chunk: int) -> None:
    lane = Context(cpu, PROMPT, range(1, 5), **GREEDY)
    lane.prefill(chunk)
    assert (lane.run(24), lane.bytes()) == alone["greedy"]


@pytest.mark.parametrize("lanes", [2, 3, 4])
def test_any_neighbours(cpu: Engine, alone: dict[str, tuple[list[int], list[bytes]]], lanes: int) -> None:
    for own in range(lanes):
        group = []
        for i in range(lanes):
            prompt = PROMPT if i == own else [(t * 7 + i) % 300 for t in PROMPT[: 5 + 3 * i]]
            group.append(Context(cpu, prompt, range(1 + 6 * i, 5 + 6 * i), **(SAMPLED if i == own else GREEDY)))
            group[-1].prefill()
        for lane, retired in zip(group, cpu.run([x.burst(1, 24) for x in group]), strict=True):
            lane.take(retired)
        assert (group[own].ids, group[own].bytes()) == alone["sampled"]


def test_forked_children_diverge_and_touch_nobody(cpu: Engine, alone: dict[str, tuple[list[int], list[bytes]]]) -> None:
    parent = Context(cpu, PROMPT, range(1, 5), **GREEDY)
    parent.run(6)
    children = []
    for n, frames in ((1, (1, 20, 21, 22)), (2, (1, 23, 24, 25))):
        cpu.copy([(2, frames[1])])
        child = Context(cpu, parent.ids, frames, temperature=1500, seed=n)
        child.fed = parent.fed
        children.append(child)
    group = [parent, *children]
    for lane, retired in zip(group, cpu.run([x.burst(1, 19) for x in group]), strict=True):
        lane.take(retired)
    assert (parent.ids[:42], parent.bytes()) == alone["greedy"]
    assert children[0].ids != children[1].ids


@pytest.mark.parametrize("weight", [1, 30, 85])
def test_a_row_of_two_terms_alone_and_in_company(weight: int) -> None:
    """Alone it goes through sums of float32, with others through sums of integers; up to the largest sums there can be."""
    rng = np.random.default_rng(weight)
    w = (weight * rng.choice([-1, 1], (40, 1536))).astype(np.int8)
    x = rng.normal(size=(3, 1536)).astype(np.float32)
    x[0] = np.where(w[0] > 0, 1, -1)  # all products of the first sum are positive
    assert quantize.narrow(w)
    matrix = {"w": w, "scale": np.float32(rng.uniform(0.5, 1.5, 40))}
    product = jax.jit(lambda x, matrix: exact8.matmul(exact8.fixed(x, 2), matrix))
    together = np.asarray(product(x, matrix))
    for i in range(3):
        alone = np.asarray(product(x[i : i + 1], matrix | {"narrow": np.zeros(0, np.int8)}))
        assert np.array_equal(alone[0], together[i])


def test_a_single_row_times_a_matrix_that_is_cut_for_several_cores() -> None:
    rng = np.random.default_rng(1)
    w = rng.integers(-127, 128, (exact8.WIDE + 3, 48)).astype(np.int8)
    x = rng.normal(size=(2, 48)).astype(np.float32)
    matrix = {"w": w, "scale": rng.uniform(0.5, 1.5, len(w)).astype(np.float32)}
    product = jax.jit(lambda x, matrix: exact8.matmul(exact8.fixed(x, 1), matrix))
    assert np.array_equal(product(x[:1], matrix)[0], product(x, matrix)[0])


def test_what_may_be_too_large_for_float32_is_not_narrow() -> None:
    assert not quantize.narrow(np.full((2, 1536), 86, np.int8))
    assert not quantize.narrow(np.array([[1] * 1536, [-127] * 1536], np.int8))
