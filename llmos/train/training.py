"""The training loop: AdamW under a cosine, one jitted step, checkpoints, a line of progress.

Knows: rows to train on, a loss, a folder. Does not know: where the rows came from. A run is a pure function of its
settings and rows: what a step trains on depends on the seed and the step's number only, so that a resumed run takes
the same steps, bit for bit on one machine.
"""

from __future__ import annotations

import hashlib
import json
import math
import shutil
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Protocol

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax import Array
from jax.sharding import Mesh, NamedSharding, PartitionSpec
from numpy.typing import NDArray

from llmos.cpu.config import ModelConfig
from llmos.errors import LlmosError, UsageError

from . import checkpoint, curve, forward
from .packing import Rows, batch_index

Notify = Callable[[str], None]
Loss = Callable[[Any, Any, dict[str, Array]], Array]
"""(trained arrays, given arrays that nobody trains, batch) -> nats"""
REPORT_EVERY = 20  # steps
SAME = ("batch", "rate", "warmup", "decay", "floor", "seed", "dtype")
"""Settings that a run must go on with; how far and on how many devices may change."""
OTHERS = {"rows": "other data", "begun": "another beginning (a model, or --after)"}
"""What else must be the same, and how it is told."""
TRIAL_STEPS = 8


class Source(Protocol):
    """Rows to train on; `take` makes a batch of some of them."""

    @property
    def tokens(self) -> NDArray[np.int32]: ...

    def take(self, index: NDArray[np.int64]) -> dict[str, NDArray[Any]]: ...


@dataclass(frozen=True)
class Settings:
    """One run. `dtype` is of the products: "bfloat16" is twice as fast where the processor has it."""

    steps: int
    batch: int = 16  # rows in a step
    rate: float = 2e-3  # highest learning rate
    warmup: int = 100  # steps
    decay: float = 0.1  # weight decay, on matrices only
    floor: float = 0.02  # last learning rate as a share of the highest
    seed: int = 0
    dtype: str = "bfloat16"
    save_every: float = 120.0  # seconds
    sample_every: int = 250  # steps
    devices: int = 1  # accelerators or cores that JAX shows; the rows of a step are divided among them


@dataclass
class State:
    """Owned by one `Run`."""

    params: forward.Params
    optimizer: optax.OptState
    step: int = 0
    losses: list[tuple[int, float]] = field(default_factory=list)  # (step, mean loss since the last)
    recent: list[Any] = field(default_factory=list)  # losses of the steps since then


class Run:
    """Trains `config` on `rows` into `folder` (None: nowhere), from `params` or from fresh ones.

    Continues the checkpoint that is in the folder, if any.
    """

    def __init__(
        self,
        config: ModelConfig,
        rows: Source,
        settings: Settings,
        folder: Path | None,
        params: forward.Params | None = None,
        loss: Loss | None = None,
        given: Any = None,
    ) -> None:
        self.config, self.rows, self.settings, self.folder = config, rows, settings, folder
        self._loss, self._given = loss or whole_model(config, settings), given
        self._optimizer = optimizer(settings)
        self._everywhere, self._divided = layout(settings)
        self._begun = fingerprint(params, given) if folder else ""
        params = jax.tree.map(jnp.array, params) if params else forward.init(config, settings.seed)
        self.state = State(params, self._optimizer.init(params))
        if folder and (folder / checkpoint.ARRAYS).exists():
            self._resume(folder)
        if settings.devices > 1:
            self.state.params, self.state.optimizer, self._given = jax.device_put(
                (self.state.params, self.state.optimizer, self._given), self._everywhere
            )
        self._step = jax.jit(self._update, donate_argnums=(0, 1))

    def run(self, notify: Notify = print, sample: Callable[[forward.Params], str] | None = None) -> None:
        """Train to the last step. Ctrl-C finishes the step, saves, and raises KeyboardInterrupt. Raises LlmosError
        when the loss is no longer a number (the last checkpoint is kept)."""
        state, last = self.state, self.settings.steps
        with deferred_interrupt() as interrupted:
            if self.folder:
                self._room(self.folder)
            first, begin, saved = -1, 0.0, time.monotonic()
            while state.step < last and not interrupted():
                loss = self.one()
                if first < 0:  # it compiled, which is no speed of training
                    loss.block_until_ready()
                    first, begin = state.step, time.monotonic()
                if state.step % REPORT_EVERY == 0 or state.step == last:
                    self._note()
                    notify(self._progress(state.step - first, time.monotonic() - begin))
                if sample and (state.step % self.settings.sample_every == 0 or state.step == last):
                    notify(f"{curve.line(state.losses)}\n{sample(state.params)}")
                if time.monotonic() - saved > self.settings.save_every:
                    self._save_or_tell(notify)
                    saved = time.monotonic()
            self.save()
            if interrupted():
                raise KeyboardInterrupt

    def one(self) -> Array:
        """One step; returns its loss, perhaps still being computed."""
        index = batch_index(len(self.rows.tokens), self.settings.batch, self.settings.seed, self.state.step)
        batch: Any = self.rows.take(index)
        if self.settings.devices > 1:
            batch = {name: jax.device_put(array, self._place(array)) for name, array in batch.items()}
        state = self.state
        loss: Array
        state.params, state.optimizer, loss = self._step(state.params, state.optimizer, self._given, batch)
        state.step += 1
        state.recent.append(loss)
        return loss

    def save(self) -> None:
        """Write a checkpoint; nothing for a run without a folder. Raises LlmosError when it can't be written, and when
        there is no number in it any more (the last checkpoint is kept)."""
        tree = jax.device_get((self.state.params, self.state.optimizer))
        if not all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(tree)):
            self._check(math.nan)
        if not self.folder:
            return
        recent = [float(loss) for loss in jax.device_get(self.state.recent)]
        kept = {"settings": asdict(self.settings), "config": asdict(self.config), "losses": self.state.losses}
        record = kept | {"recent": recent, "rows": fingerprint(self.rows.tokens), "begun": self._begun}
        try:
            checkpoint.write(self.folder, tree, self.state.step, record)
        except OSError as error:
            raise LlmosError(f"{self.folder}: a checkpoint can't be written there ({error.strerror})") from error

    def _room(self, folder: Path) -> None:
        """Raises LlmosError where no checkpoint could be kept: better before anything is computed."""
        size = sum(leaf.nbytes for leaf in jax.tree.leaves((self.state.params, self.state.optimizer)))
        try:
            folder.mkdir(parents=True, exist_ok=True)
            free = shutil.disk_usage(folder).free
        except OSError as error:
            raise LlmosError(f"{folder}: no folder can be made there ({error.strerror})") from error
        if free < size:
            raise LlmosError(
                f"{folder}: a checkpoint takes {size / 1e6:,.1f} MB, and {free / 1e6:,.1f} MB are free there"
            )

    def _save_or_tell(self, notify: Notify) -> None:
        """On the way: a disk that is full now may have room when the run ends."""
        try:
            self.save()
        except LlmosError as error:
            if not isinstance(error.__cause__, OSError):
                raise
            notify(f"{error}; training goes on, the one before is kept")

    def _place(self, array: Any) -> NamedSharding:
        """Rows are divided among the devices; what all rows share stands on each."""
        return self._divided if np.ndim(array) > 1 else self._everywhere

    def _resume(self, folder: Path) -> None:
        found = checkpoint.record(folder)
        shape = json.loads(json.dumps(asdict(self.config)))  # tuples are lists there
        mine = shape | {"rows": fingerprint(self.rows.tokens)} | {name: getattr(self.settings, name) for name in SAME}
        mine["begun"] = self._begun
        kept = {name: found.get("config", {}).get(name) for name in shape}
        kept |= {name: found.get(name) for name in OTHERS}
        kept |= {name: found.get("settings", {}).get(name) for name in SAME}
        for name, value in mine.items():
            if kept[name] not in (None, value):
                what = OTHERS.get(name) or f"{name} {kept[name]}, not {value}"
                raise UsageError(f"{folder}: another run is in this folder, of {what}; give another --out")
        tree, self.state.step = checkpoint.read(folder, (self.state.params, self.state.optimizer))
        self.state.params, self.state.optimizer = jax.tree.map(jnp.asarray, tree)
        losses = found.get("losses", [])
        self.state.losses = [(step, loss) for step, loss in losses if step <= self.state.step]
        self.state.recent = found.get("recent", []) if found.get("step") == self.state.step else []

    def _note(self) -> None:
        """What the steps since the last note lost, as one number."""
        loss = mean(self.state.recent)
        self._check(loss)
        self.state.losses.append((self.state.step, loss))
        self.state.recent = []

    def _check(self, loss: float) -> None:
        if not math.isfinite(loss):
            raise LlmosError(f"training diverged at step {self.state.step}: try a smaller learning rate")

    def _update(self, params: Any, state: Any, given: Any, batch: dict[str, Array]) -> tuple[Any, Any, Array]:
        loss, gradient = jax.value_and_grad(lambda p: self._loss(p, given, batch))(params)
        change, state = self._optimizer.update(gradient, state, params)
        return optax.apply_updates(params, change), state, loss

    def _progress(self, steps: int, seconds: float) -> str:
        rate = steps * self.settings.batch * self.rows.tokens.shape[1] / seconds
        left = (self.settings.steps - self.state.step) * seconds / max(steps, 1)
        loss = self.state.losses[-1][1]
        return (
            f"step {self.state.step}/{self.settings.steps}  loss {loss:.3f}  perplexity {math.exp(min(loss, 20)):.1f}  "
            f"{rate:,.0f} tok/s  {left / 60:.1f} min left"
        )


def mean(losses: list[Any]) -> float:
    """In float32, so that it is the same for losses that come back from a checkpoint."""
    return float(np.mean(np.asarray(jax.device_get(losses), np.float32)))


def fingerprint(*trees: Any) -> str:
    """Of arrays, such as the rows that a run trains on."""
    digest = hashlib.blake2b(digest_size=8)
    for leaf in jax.tree.leaves(trees):
        digest.update(np.ascontiguousarray(leaf).tobytes())
    return digest.hexdigest()


def layout(settings: Settings) -> tuple[NamedSharding, NamedSharding]:
    """Where arrays stand: whole on every device, or divided by rows. Raises UsageError when there are too few devices."""
    found = jax.devices()
    if settings.devices > len(found) or settings.batch % settings.devices:
        raise UsageError(f"{settings.devices} devices for {settings.batch} rows a step; JAX shows {len(found)}")
    mesh = Mesh(np.array(found[: settings.devices]), ("rows",))
    return NamedSharding(mesh, PartitionSpec()), NamedSharding(mesh, PartitionSpec("rows"))  # type: ignore[no-untyped-call]


def whole_model(config: ModelConfig, settings: Settings) -> Loss:
    """Every parameter is trained."""
    dtype = jnp.dtype(settings.dtype)
    return lambda params, given, batch: forward.loss(config, params, batch, dtype)


def steps_in(minutes: float, config: ModelConfig, rows: Rows, settings: Settings) -> int:
    """How many steps fit into `minutes` here and now: a few are run, timed and thrown away."""
    trial = Run(config, rows, settings, None)
    trial.one().block_until_ready()  # compiles
    begin = time.monotonic()
    for _ in range(TRIAL_STEPS):
        trial.one().block_until_ready()
    return max(1, int(minutes * 60 * TRIAL_STEPS / (time.monotonic() - begin)))


@contextmanager
def deferred_interrupt() -> Iterator[Callable[[], bool]]:
    """Ctrl-C only raises a flag inside, so that it never falls between giving arrays to a step and getting them back."""
    seen: list[int] = []
    if threading.current_thread() is not threading.main_thread():
        yield lambda: False
        return
    before = signal.signal(signal.SIGINT, lambda number, frame: seen.append(number))
    try:
        yield lambda: bool(seen)
    finally:
        signal.signal(signal.SIGINT, before)


def optimizer(settings: Settings) -> optax.GradientTransformation:
    """AdamW under a cosine with warm-up; gradients clipped to norm 1; norms are not decayed."""
    warmup = min(settings.warmup, max(settings.steps // 10, 1))
    schedule = optax.warmup_cosine_decay_schedule(
        0.0, settings.rate, warmup, max(settings.steps, warmup + 1), settings.floor * settings.rate
    )

    def matrices(params: Any) -> Any:
        return jax.tree.map(lambda leaf: leaf.ndim > 1, params)

    adam = optax.adamw(schedule, b2=0.98, weight_decay=settings.decay, mask=matrices)
    return optax.chain(optax.clip_by_global_norm(1.0), adam)
