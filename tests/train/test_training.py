"""The loop: it learns, it stops and goes on exactly, it saves when interrupted."""

from __future__ import annotations

import errno
import json
import os
import signal
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import jax
import numpy as np
import pytest

from llmos.cpu.config import ModelConfig
from llmos.cpu.loaders import load
from llmos.errors import LlmosError, ModelFileError, UsageError
from llmos.train import base, checkpoint, curve, forward, vocabulary
from llmos.train.base import train_base
from llmos.train.chatform import Example
from llmos.train.packing import Rows, pack
from llmos.train.training import Run, Settings

from .small import noise, whole

SHORT = Settings(steps=12, batch=4, rate=1e-2, warmup=2, dtype="float32")


def quiet(text: str) -> None:
    pass


def test_one_batch_is_learned_by_heart(tiny: ModelConfig) -> None:
    rows = noise(tiny, 4, 16)
    run = Run(tiny, rows, replace(SHORT, steps=220, decay=0.0), None)
    run.run(quiet)
    assert float(forward.loss(tiny, run.state.params, whole(rows))) < 0.02


def test_a_resumed_run_equals_an_uninterrupted_one(tiny: ModelConfig, rows: Rows, tmp_path: Path) -> None:
    """Bitwise, parameters and optimiser, stopped in the middle of an epoch."""
    straight = Run(tiny, rows, SHORT, None)
    for _ in range(SHORT.steps):
        straight.one()
    first = Run(tiny, rows, SHORT, tmp_path)
    for _ in range(5):
        first.one()
    first.save()
    second = Run(tiny, rows, SHORT, tmp_path)
    assert second.state.step == 5
    second.run(quiet)
    for a, b in zip(
        jax.tree.leaves((straight.state.params, straight.state.optimizer)),
        jax.tree.leaves((second.state.params, second.state.optimizer)),
        strict=True,
    ):
        assert np.array_equal(a, b)


def test_a_loss_curve_has_no_gap_where_a_run_was_stopped(tiny: ModelConfig, rows: Rows, tmp_path: Path) -> None:
    long = replace(SHORT, steps=45)
    straight, first = Run(tiny, rows, long, None), Run(tiny, rows, long, tmp_path)
    straight.run(quiet)
    for _ in range(7):
        first.one()
    first.save()
    first = Run(tiny, rows, long, tmp_path)
    first.run(quiet)
    assert [step for step, _ in straight.state.losses] == [20, 40, 45]
    assert first.state.losses == straight.state.losses


def test_a_short_run_ends_with_its_loss_its_curve_and_a_dream(tiny: ModelConfig, rows: Rows) -> None:
    said: list[str] = []
    Run(tiny, rows, replace(SHORT, steps=3), None).run(said.append, lambda params: "a dream")
    assert said[0].startswith("step 3/3  loss ")
    assert said[1].startswith("  loss ")
    assert said[1].endswith("a dream")


@pytest.mark.parametrize(
    ("losses", "heights"),
    [([8.0, 4.0, 2.0, 1.0], "█▆▃▁"), ([2.0], "▁"), ([3.0, 3.0], "▁▁"), ([1.0] * 300 + [2.0], "▁" * 47 + "█")],
)
def test_a_curve_in_a_line(losses: list[float], heights: str) -> None:
    assert curve.line([*enumerate(losses)]) == f"  loss {losses[0]:.3f} {heights} {losses[-1]:.3f}"
    assert "not known" in curve.line([])


def test_seeds_matter_and_repeat(tiny: ModelConfig, rows: Rows) -> None:
    losses = []
    for seed in (1, 1, 2):
        run = Run(tiny, rows, replace(SHORT, seed=seed), None)
        losses.append([float(run.one()) for _ in range(3)])
    assert losses[0] == losses[1] != losses[2]


def test_ctrl_c_saves_before_it_raises(tiny: ModelConfig, rows: Rows, tmp_path: Path) -> None:
    run = Run(tiny, rows, replace(SHORT, steps=10_000, sample_every=3), tmp_path)

    def press(params: forward.Params) -> str:
        os.kill(os.getpid(), signal.SIGINT)
        return ""

    with pytest.raises(KeyboardInterrupt):
        run.run(quiet, press)
    assert Run(tiny, rows, SHORT, tmp_path).state.step == 3
    assert json.loads((tmp_path / checkpoint.RECORD).read_text())["step"] == 3


def test_a_loss_that_is_no_number_stops_the_run(tiny: ModelConfig, rows: Rows) -> None:
    broken = rows._replace(weights=np.full_like(rows.weights, np.nan))
    with pytest.raises(LlmosError, match="diverged at step 20"):
        Run(tiny, broken, replace(SHORT, steps=40), None).run(quiet)


def test_a_damaged_or_foreign_checkpoint_is_one_clear_line(tiny: ModelConfig, rows: Rows, tmp_path: Path) -> None:
    Run(tiny, rows, SHORT, tmp_path).save()
    with pytest.raises(UsageError, match="of hidden 40, not 44"):
        Run(replace(tiny, hidden=44), rows, SHORT, tmp_path)
    (tmp_path / checkpoint.RECORD).unlink()
    with pytest.raises(ModelFileError, match="shape"):
        Run(replace(tiny, hidden=44), rows, SHORT, tmp_path)
    path = tmp_path / checkpoint.ARRAYS
    data = path.read_bytes()
    for length in (0, 5, 100, len(data) - 1):
        path.write_bytes(data[:length])
        with pytest.raises(ModelFileError):
            Run(tiny, rows, SHORT, tmp_path)


def test_another_run_is_not_gone_on_with(tiny: ModelConfig, rows: Rows, tmp_path: Path) -> None:
    """Its arrays would fit. More steps are no other run."""
    Run(tiny, rows, SHORT, tmp_path).save()
    with pytest.raises(UsageError, match="of layers"):
        Run(replace(tiny, layers=tiny.layers + 1), rows, SHORT, tmp_path)
    for other in ({"seed": 5}, {"rate": 2e-2}, {"batch": 2}):
        with pytest.raises(UsageError, match=f"another run is in this folder, of {next(iter(other))}"):
            Run(tiny, rows, replace(SHORT, **other), tmp_path)
    with pytest.raises(UsageError, match="of other data"):
        Run(tiny, rows._replace(tokens=rows.tokens + 1), SHORT, tmp_path)
    assert Run(tiny, rows, replace(SHORT, steps=90), tmp_path).state.step == 0


def test_a_run_that_began_from_other_weights_is_not_gone_on_with(tiny: ModelConfig, rows: Rows, tmp_path: Path) -> None:
    one, other = (forward.init(tiny, seed) for seed in (3, 4))
    Run(tiny, rows, SHORT, tmp_path, one).save()
    assert Run(tiny, rows, SHORT, tmp_path, one).state.step == 0
    for begun in ({"params": other}, {"params": one, "given": np.ones(2)}, {}):
        with pytest.raises(UsageError, match="of another beginning"):
            Run(tiny, rows, SHORT, tmp_path, **begun)


@pytest.mark.parametrize("damage", ["", "{", "[1]", "5", '{"settings": 5}', '{"settings": {}, "config": [3]}'])
def test_a_damaged_record_is_one_clear_line(tiny: ModelConfig, rows: Rows, tmp_path: Path, damage: str) -> None:
    Run(tiny, rows, SHORT, tmp_path).save()
    (tmp_path / checkpoint.RECORD).write_text(damage)
    with pytest.raises(ModelFileError, match="damaged, so it is not known which run") as caught:
        Run(tiny, rows, SHORT, tmp_path)
    assert "\n" not in str(caught.value)


def test_what_diverged_does_not_take_the_place_of_the_last_checkpoint(
    tiny: ModelConfig, rows: Rows, tmp_path: Path
) -> None:
    """A save between two looks at the loss, and one whose last step had a loss still."""
    run = Run(tiny, rows, SHORT, tmp_path)
    run.save()
    run.state.params = {**run.state.params, "embed": run.state.params["embed"] * np.nan}
    with pytest.raises(LlmosError, match="diverged at step 0"):
        run.save()
    assert np.isfinite(Run(tiny, rows, SHORT, tmp_path).state.params["embed"]).all()


def test_a_disk_without_room_is_told_before_anything_is_computed(
    tiny: ModelConfig, rows: Rows, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = Run(tiny, rows, SHORT, tmp_path / "run")
    monkeypatch.setattr("shutil.disk_usage", lambda path: SimpleNamespace(free=1000))
    with pytest.raises(LlmosError, match=r"takes 0\.\d MB, and 0\.0 MB are free"):
        run.run(quiet)
    (tmp_path / "file").write_text("")
    with pytest.raises(LlmosError, match="no folder can be made there"):
        Run(tiny, rows, SHORT, tmp_path / "file" / "run").run(quiet)
    assert run.state.step == 0


def test_a_disk_that_fills_on_the_way_stops_nothing_but_the_end(
    tiny: ModelConfig, rows: Rows, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, said = Run(tiny, rows, replace(SHORT, save_every=0), tmp_path), list[str]()
    run.save()

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(checkpoint, "write", full)
    with pytest.raises(LlmosError, match=r"written there \(No space left on device\)"):
        run.run(said.append)
    assert sum("training goes on" in line for line in said) == SHORT.steps
    assert Run(tiny, rows, SHORT, tmp_path).state.step == 0


def test_a_short_run_that_diverges_leaves_no_checkpoint(tiny: ModelConfig, rows: Rows, tmp_path: Path) -> None:
    broken = rows._replace(weights=np.full_like(rows.weights, np.nan))
    with pytest.raises(LlmosError, match="diverged at step 3"):
        Run(tiny, broken, replace(SHORT, steps=3), tmp_path).run(quiet)
    assert not list(tmp_path.iterdir())


def test_a_failed_write_leaves_the_old_checkpoint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    checkpoint.write(tmp_path, {"a": np.arange(3)}, 1, {})

    def full(fd: int) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="disk full"):
        checkpoint.write(tmp_path, {"a": np.arange(3) + 1}, 2, {})
    assert sorted(path.name for path in tmp_path.iterdir()) == [checkpoint.RECORD, checkpoint.ARRAYS]
    tree, step = checkpoint.read(tmp_path, {"a": np.zeros(3)})
    assert step == 1
    assert tree["a"].tolist() == [0, 1, 2]


def test_train_base_learns_a_text_and_exports_it(tmp_path: Path) -> None:
    text = tmp_path / "text.txt"
    text.write_text("the quick brown fox jumps over the lazy dog\n" * 200)
    lines: list[str] = []
    folder = train_base(text, tmp_path / "out", steps=100, vocab=263, time=32, dim=64, layers=1, notify=lines.append)
    assert (folder / "model.safetensors").stat().st_size > 10_000
    record = json.loads((tmp_path / "out" / checkpoint.RECORD).read_text())
    assert record["losses"][-1][1] < record["losses"][0][1] / 3
    assert any("step 100/100" in line for line in lines)


def test_what_is_kept_out_comes_from_all_parts_of_a_text_and_is_not_trained_on() -> None:
    text = "".join(f"{n:06}\n" for n in range(30_000))
    taught, spared = base.apart(text)
    assert "".join(part for pair in zip(taught, spared, strict=True) for part in pair) == text
    assert sum(map(len, spared)) == len(text) // 20
    assert len(spared) == 10
    assert base.apart("a" * base.LEAST)[1] == ["a" * 100]


def test_minutes_read_a_text_ten_times_at_most(tmp_path: Path) -> None:
    text, lines = tmp_path / "text.txt", list[str]()
    text.write_text("the quick brown fox jumps over the lazy dog\n" * 50)
    out = tmp_path / "out"
    train_base(text, out, minutes=60, vocab=263, time=32, dim=64, layers=1, notify=lines.append)
    record = json.loads((out / checkpoint.RECORD).read_text())
    assert record["step"] == record["settings"]["steps"] == 20
    assert "it has read the text 10 times" in lines[0]


def test_the_model_of_a_run_is_the_one_that_foresaw_best_what_was_kept_out(tmp_path: Path) -> None:
    tokenizer = vocabulary.train([], 263)
    config, words = base.shape(263, 64, 1, 32), [list(range(40, 70))] * 3
    kept_out = pack((Example(ids, [1] * len(ids)) for ids in words), 32)
    good, bad = (forward.init(config, seed) for seed in (0, 1))
    worse = jax.tree.map(lambda leaf: 5 * leaf, bad)

    def best() -> base.Best:
        return base.Best(tmp_path, config, tokenizer, kept_out, words[0][:5])

    first = best()
    assert "before" not in first(good)
    told = first(worse)
    assert f"and {tmp_path / 'model'} is of then" in told
    assert "before" in best()(worse)  # also when the run went on later
    kept = load(tmp_path / "model").params["embed"]
    assert np.allclose(kept, good["embed"], atol=1e-3)


@pytest.mark.parametrize(
    ("content", "options", "message"),
    [
        (b"too short", {"steps": 1}, "too few"),
        (b"\xff\xfe" * 3000, {"steps": 1}, "UTF-8"),
        (b"fine " * 1000, {}, "how many"),
        (b"fine " * 1000, {"steps": 1, "minutes": 1}, "how many"),
        (b"fine " * 1000, {"steps": 1, "vocab": 200}, "vocabulary"),
        (b"fine " * 1000, {"steps": 1, "dim": 100}, "width"),
        (b"fine " * 1000, {"minutes": -1}, "minutes"),
        (b"fine " * 1000, {"minutes": float("nan")}, "minutes"),
        (b"fine " * 1000, {"steps": 1, "devices": 64}, "64 devices"),
    ],
)
def test_bad_use_of_train_base_is_one_clear_line(
    tmp_path: Path, content: bytes, options: dict[str, int], message: str
) -> None:
    path = tmp_path / "text.txt"
    path.write_bytes(content)
    with pytest.raises(UsageError, match=message) as caught:
        train_base(path, tmp_path / "out", **options)
    assert "\n" not in str(caught.value)
