"""The contract of `llmos_kernel.cpu`, on a tiny random model."""

from __future__ import annotations

import numpy as np
import pytest

from llmos.cpu.engine import Engine
from llmos.errors import UsageError
from llmos_kernel.cpu import Burst, Cause, Mask

from .small import Context, engine, tiny, weights

PROMPT = [7, 250, 31, 4, 99, 180, 2, 61, 13, 200, 5]


@pytest.fixture(scope="module")
def cpu() -> Engine:
    return engine("exact8")


def fresh(cpu: Engine, **options: object) -> Context:
    return Context(cpu, PROMPT, range(1, 5), **options)


def test_the_last_id_is_fed_first_in_the_next_burst(cpu: Engine) -> None:
    whole, pieces = fresh(cpu), fresh(cpu)
    whole.run(12)
    while len(pieces.ids) < len(whole.ids):
        pieces.run(1)
        assert pieces.fed == len(pieces.ids) - 1
    assert pieces.ids == whole.ids


def test_a_lane_stops_on_a_wake_id(cpu: Engine) -> None:
    said = fresh(cpu).run(8)[len(PROMPT) :]
    burst = fresh(cpu, wake=(said[3],)).burst(len(PROMPT), 8)
    retired = cpu.run([burst])[0]
    assert retired.cause == Cause.WAKE
    assert list(retired.ids) == said[: said.index(said[3]) + 1]
    assert retired.fed == len(PROMPT) + len(retired.ids) - 1


def test_full_when_there_is_no_slot(cpu: Engine) -> None:
    short = Context(cpu, PROMPT, [1])
    retired = cpu.run([short.burst(len(PROMPT), 9)])[0]
    assert retired.cause == Cause.FULL
    assert retired.fed == 16
    assert len(retired.ids) == 16 - len(PROMPT) + 1


def test_prefill_only_samples_nothing(cpu: Engine) -> None:
    retired = cpu.run([fresh(cpu).burst(5, 0)])[0]
    assert (retired.ids, retired.cause, retired.fed) == ((), Cause.QUANTUM, 5)


def bits(allowed: np.ndarray) -> Mask:
    return Mask(np.packbits(allowed, bitorder="little").tobytes)


@pytest.mark.parametrize("temperature", [0, 900])
def test_only_allowed_ids_are_sampled(cpu: Engine, temperature: int) -> None:
    allowed = np.zeros(300, bool)
    allowed[[17, 290]] = True
    mask = bits(allowed)
    for seed in range(5):
        lane = fresh(cpu, allowed=mask, temperature=temperature, seed=seed)
        assert lane.run(1)[-1] in (17, 290)


@pytest.mark.parametrize("temperature", [0, 9_000])
def test_forbidden_ids_are_never_sampled(cpu: Engine, temperature: int) -> None:
    """Whatever the mask says: of three ids that it allows, two are forbidden."""
    allowed = np.zeros(300, bool)
    allowed[[17, 200, 290]] = True
    mask = bits(allowed)
    for seed in range(5):
        assert fresh(cpu, allowed=mask, never=(290, 17), temperature=temperature, seed=seed).run(1)[-1] == 200
    free = fresh(cpu, temperature=temperature, seed=3).run(1)[-1]
    assert fresh(cpu, never=(free,), temperature=temperature, seed=3).run(1)[-1] != free


def test_masks_are_reckoned_once_the_layers_are_queued(cpu: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that they cost nothing where the layers run on another core."""
    happened: list[str] = []
    feed, finish = cpu._feed, cpu._programs.choose
    monkeypatch.setattr(cpu, "_feed", lambda lanes: (feed(lanes), happened.append("layers"))[0])
    monkeypatch.setattr(
        cpu._programs, "choose", lambda *a: (happened.append(f"mask {a[-1] is not None}"), finish(*a))[1]
    )
    mask = Mask(lambda: (happened.append("reckoned"), b"\xff" * 38)[1])
    bound, free = fresh(cpu, allowed=mask), Context(cpu, PROMPT, range(5, 9))
    for lane in (bound, free):
        lane.prefill(16)
    happened.clear()
    cpu.run([bound.burst(1, 1), free.burst(1, 1)])
    assert happened == ["layers", "reckoned", "mask True"]
    happened.clear()
    cpu.run([free.burst(1, 1)])
    assert happened == ["layers", "mask False"]


def test_samples_depend_on_seed_and_position_only(cpu: Engine) -> None:
    runs = [fresh(cpu, temperature=1500, seed=seed).run(12) for seed in (1, 1, 2)]
    assert runs[0] == runs[1] != runs[2]


def test_trash_is_read_by_nobody(cpu: Engine) -> None:
    alone = fresh(cpu).run(6)
    for slots in (b"\x7f", b"\x00"):
        cpu.load(0, slots * cpu.geometry.frame_bytes)
        assert fresh(cpu).run(6) == alone


@pytest.mark.parametrize("mode", ["exact8", "float32"])
def test_what_a_former_owner_left_is_not_read(mode: str) -> None:
    cpu = engine(mode)
    alone = fresh(cpu).run(6)
    junk = np.full(cpu.geometry.frame_bytes // 4, np.nan, np.float32).tobytes()
    for frame in range(5):
        cpu.load(frame, junk)
    assert fresh(cpu).run(6) == alone


@pytest.mark.parametrize("mode", ["exact8", "float32"])
def test_logits_that_are_not_finite_are_a_machine_check(mode: str) -> None:
    model = tiny()
    model.params["layers"][1]["down"][:] = np.inf
    model.params["layers"][1]["o"][:] = np.inf
    with np.errstate(all="ignore"):
        cpu = Engine(model, mode, 9, 2, 4, 32)
    retired = cpu.run([fresh(cpu).burst(len(PROMPT), 3)])[0]
    assert (retired.ids, retired.cause) == ((), Cause.MACHINE_CHECK)


def test_attention_mass_adds_up(cpu: Engine) -> None:
    retired = cpu.run([fresh(cpu).burst(len(PROMPT), 12)])[0]
    assert 65000 < sum(retired.mass) <= 65535
    assert retired.mass[2:] == (0, 0)


def test_five_likeliest_ids_are_in_order(cpu: Engine) -> None:
    retired = cpu.run([fresh(cpu).burst(len(PROMPT), 2)])[0]
    for token, top in zip(retired.ids, retired.top, strict=True):
        assert top[0][0] == token
        assert [share for _, share in top] == sorted((share for _, share in top), reverse=True)


def bad_bursts() -> list[Burst]:
    good = Burst((1, 2), (0, 16), 0, (5,))
    return [
        good._replace(feed=()),
        good._replace(feed=(300,)),
        good._replace(frames=(1, 40)),
        good._replace(starts=(0, 8)),
        good._replace(starts=(0, 0)),
        good._replace(wake=tuple(range(17))),
        good._replace(never=tuple(range(17))),
        good._replace(allowed=Mask(lambda: b"\xff" * 38), steps=2),
        good._replace(allowed=Mask(lambda: bytes(38))),
        good._replace(adapter=9),
        good._replace(pos=96),
    ]


@pytest.mark.parametrize("burst", bad_bursts())
def test_a_burst_that_breaks_the_contract_is_refused(cpu: Engine, burst: Burst) -> None:
    with pytest.raises(ValueError):
        cpu.run([burst])


def test_digests_change_nothing_but_what_is_worth_having(cpu: Engine) -> None:
    long = Context(cpu, list(range(40, 90)), range(1, 6))
    long.prefill()
    pages = [cpu.digest(frame) for frame in (1, 2, 3)]
    burst = Burst((1, 3, 4), (0, 32, 48), 49, (89,), 3)
    given = burst._replace(digests=(pages[0], pages[2], b"", pages[1]))
    without, beside = cpu.run([burst])[0], cpu.run([given])[0]
    assert beside._replace(worth=(), layers=()) == without
    assert len(beside.worth) == 4
    assert beside.worth[2] == 0, "a page that is not full has no digest"
    assert all(0 < worth < 65536 for worth in (beside.worth[i] for i in (0, 1, 3)))
    assert len(beside.layers) == 1


def test_adapters_are_other_weights_and_adapter_zero_is_the_model() -> None:
    cpu = engine("exact8")
    before = fresh(cpu).run(8)
    other = weights(tiny().config, 5)
    same = tiny().params
    index, copy = cpu.install(other), cpu.install(same)
    stranger = Engine(tiny(seed=5), "exact8", 40, 4, 6, 32)
    a = Context(cpu, PROMPT, range(1, 5))
    b = Context(cpu, PROMPT, range(5, 9), adapter=index)
    c = Context(cpu, PROMPT, range(9, 13), adapter=copy)
    for lane in (a, b, c):
        lane.prefill()
    lanes = [a, b, c]
    for lane, retired in zip(lanes, cpu.run([x.burst(1, 8) for x in lanes]), strict=True):
        lane.take(retired)
    assert a.ids == c.ids == before
    assert b.ids == fresh(stranger).run(8) != before
    cpu.remove(index)
    with pytest.raises(ValueError):
        cpu.run([b.burst(1, 1)])
    with pytest.raises(UsageError):
        cpu.remove(0)
