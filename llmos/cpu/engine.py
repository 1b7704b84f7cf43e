"""The CPU itself: bursts in, retired tokens out, on one Transformer.

Knows: how bursts become padded arrays, when a lane stops, and the pool's frames. Does not know: processes, text, or how a
step computes (`model.py`, `exact8.py`), compiles (`programs.py`) or samples (`sampling.py`).
The host drives: a prompt's chunk first, then one compiled step a token for all lanes that still run; lanes that stopped
drop out, and in exact8 nobody can tell.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import jax
import numpy as np

from llmos.errors import UsageError
from llmos_kernel.cpu import TRASH, Burst, Cause, Geometry, Retired

from . import exact8, kvcache, model, quantize
from .config import Model, Params
from .identity import fingerprint
from .kvcache import NOWHERE, PAGE, View
from .model import State
from .programs import Programs, Shape
from .sampling import Choice, Chosen, draw
from .sharding import place

MODES = {"exact8": "int8", "float32": "float32", "bfloat16": "bfloat16"}
"""Each mode and the type of its keys and values."""


class Engine:
    """Implements `llmos_kernel.cpu.Cpu`. Owns the pool; one thread calls `run`, `copy`, `save` and `load`."""

    def __init__(
        self,
        model: Model,
        mode: str,
        frames: int,
        lanes: int,
        max_pages: int,
        chunk: int,
        mesh: jax.sharding.Mesh | None = None,
        progress: Callable[[str, float], None] | None = None,
    ) -> None:
        """UsageError when the mode is unknown or a size cannot be. `progress` hears what is being loaded, 0 to 1."""
        _check(mode, frames, lanes, max_pages, chunk)
        config, tell = model.config, progress or (lambda what, done: None)
        tell("weights", 0.0)
        arithmetic, params = program(model, mode, max_pages * PAGE)
        params, self._pool = place(config, params, kvcache.create(config, frames, MODES[mode]), mesh)
        tell("weights", 1.0)
        self._programs = Programs(arithmetic, config, params, self._pool, lanes, chunk, max_pages)
        self._copy = jax.jit(kvcache.copy_frames, donate_argnums=(0,))
        self._take = jax.jit(kvcache.take_frame)
        self._put = jax.jit(kvcache.put_frame, donate_argnums=(0,))
        self._heads = config.layers * config.heads
        size = kvcache.frame_bytes(config, MODES[mode])
        name = fingerprint(model, mode)
        self.geometry = Geometry(PAGE, frames, max_pages, lanes, chunk, config.vocab, size, mode, model.name, name)

    def warm(self, progress: Callable[[str, float], None]) -> None:
        """Compile every shape, the most needed first. May run in a thread of its own beside `run`."""
        shapes = list(self._programs.shapes())
        for i, shape in enumerate(shapes):
            progress(f"{shape.lanes}x{shape.tokens} over {shape.width} pages", i / len(shapes))
            for program in (self._programs.begin, self._programs.layer):
                program(shape)
            for masked in (False, True):
                self._programs.finish(shape, masked)
        progress("ready", 1.0)

    def programs(self) -> dict[str, Any]:
        """The compiled executables by name, for those who want to read their HLO."""
        return self._programs.compiled()

    def run(self, bursts: Sequence[Burst]) -> list[Retired]:
        """As `Cpu.run`. ValueError when a burst breaks the contract."""
        if len(bursts) > self.geometry.lanes or sum(len(b.feed) > 1 for b in bursts) > 1:
            raise ValueError(f"{len(bursts)} bursts are too many, or more than one is a prefill")
        lanes = [_Lane(burst, self.geometry) for burst in bursts]
        for lane in lanes:
            if len(lane.feed) > 1:
                self._step([lane])
        while running := [lane for lane in lanes if lane.feed]:
            self._step(running)
        return [lane.retire(self._heads) for lane in lanes]

    def logits(self, burst: Burst) -> np.ndarray:
        """Feed one burst's tokens, sample nothing: the logits [vocab] float32 after the last one."""
        lanes = [_Lane(burst, self.geometry)]
        shape, view, state = self._feed(lanes)
        return np.asarray(self._finish(lanes, shape, view, state)[0][0])

    def copy(self, pairs: Sequence[tuple[int, int]]) -> None:
        """As `Cpu.copy`."""
        if pairs:
            n = 1 << (len(pairs) - 1).bit_length()
            both = np.array([*pairs, *[(TRASH, TRASH)] * (n - len(pairs))], np.int32)
            self._pool = self._copy(self._pool, both[:, 0], both[:, 1])

    def save(self, frame: int) -> bytes:
        """As `Cpu.save`."""
        return kvcache.to_bytes(jax.device_get(self._take(self._pool, np.int32(frame))))

    def load(self, frame: int, data: bytes) -> None:
        """As `Cpu.load`. ValueError when `data` is not one frame long."""
        like = jax.eval_shape(self._take, self._pool, np.int32(frame))
        self._pool = self._put(self._pool, np.int32(frame), kvcache.from_bytes(data, like))

    def _step(self, lanes: list[_Lane]) -> None:
        """Run the pending tokens of these lanes and give each its next one, if it wants one."""
        shape, view, state = self._feed(lanes)
        chosen = None
        if any(lane.samples for lane in lanes):
            chosen = jax.device_get(self._finish(lanes, shape, view, state)[1])
        for i, lane in enumerate(lanes):
            lane.fed(state.mass, i)
            if chosen and lane.samples:
                lane.sampled(chosen, i)

    def _feed(self, lanes: list[_Lane]) -> tuple[Shape, View, State]:
        """Run the pending tokens of these lanes through all layers."""
        tokens = max(len(lane.feed) for lane in lanes)
        shape = self._programs.fit(len(lanes), tokens, max(len(lane.burst.frames) for lane in lanes))
        view = jax.device_put(_view(lanes, shape))
        state, self._pool = self._programs.trunk(shape, self._pool, view)
        return shape, view, state

    def _finish(self, lanes: list[_Lane], shape: Shape, view: View, state: State) -> tuple[jax.Array, Chosen]:
        """Logits [bucket, vocab] after the lanes' last tokens, and what they sample."""
        choice = Choice(*(np.zeros(shape.lanes, np.int32) for _ in Choice._fields))
        for i, lane in enumerate(lanes):
            burst = lane.burst
            u = draw(burst.seed, lane.pos + len(lane.feed)) if burst.temperature else 0
            choice.temperature[i], choice.min_p[i], choice.u[i] = burst.temperature, burst.min_p, u
        masked = any(lane.burst.allowed is not None for lane in lanes)
        allowed = _allowed(lanes, shape.lanes, self.geometry.vocab) if masked else None
        return self._programs.choose(shape, state, view, choice, allowed)


class _Lane:
    """One burst on its way: `feed` is what the next step takes, empty when the lane has stopped."""

    def __init__(self, burst: Burst, geometry: Geometry) -> None:
        self.burst = burst
        self.feed: tuple[int, ...] = burst.feed
        self.pos = burst.pos
        self.ids: list[int] = []
        self.top: list[tuple[tuple[int, int], ...]] = []
        self.cause = Cause.QUANTUM
        self.places = {
            start + i: (f, i) for f, start in zip(burst.frames, burst.starts, strict=True) for i in range(PAGE)
        }
        self._check(geometry)
        self._clip()

    @property
    def samples(self) -> bool:
        return len(self.ids) < self.burst.steps and self.cause == Cause.QUANTUM

    def _check(self, geometry: Geometry) -> None:
        burst, n = self.burst, len(self.burst.frames)
        if not 1 <= len(burst.feed) <= geometry.chunk or n > geometry.max_pages or len(burst.wake) > 16:
            raise ValueError(f"feed of {len(burst.feed)}, {n} pages, {len(burst.wake)} wake ids: too many or none")
        if not all(0 <= f < geometry.frames for f in burst.frames) or not all(
            0 <= t < geometry.vocab for t in burst.feed
        ):
            raise ValueError("a frame or a token id is out of range")
        if burst.allowed is not None and burst.steps > 1:
            raise ValueError("a mask of allowed ids is for one step at most")

    def _clip(self) -> None:
        """Keep only those pending tokens that have a slot."""
        room = next((i for i in range(len(self.feed)) if self.pos + i not in self.places), len(self.feed))
        if room < len(self.feed):
            self.feed, self.cause = self.feed[:room], Cause.FULL

    def fed(self, mass: jax.Array, row: int) -> None:
        """The pending tokens are in the KV cache now."""
        self.mass, self.row = mass, row
        self.pos += len(self.feed)
        self.feed = ()

    def sampled(self, chosen: Chosen, row: int) -> None:
        """Take this lane's row of a choice: stop, or line the id up as the next feed."""
        if not chosen.finite[row]:
            self.cause = Cause.MACHINE_CHECK
            return
        token = int(chosen.id[row])
        self.ids.append(token)
        self.top.append(tuple(zip(chosen.top[row].tolist(), chosen.share[row].tolist(), strict=True)))
        if token in self.burst.wake:
            self.cause = Cause.WAKE
        elif len(self.ids) < self.burst.steps:
            self.feed = (token,)
            self._clip()

    def retire(self, heads: int) -> Retired:
        mass: tuple[int, ...] = ()
        if self.pos > self.burst.pos:
            mass = tuple((np.asarray(self.mass)[self.row, : len(self.burst.frames)] // heads).tolist())
        return Retired(tuple(self.ids), self.cause, self.pos - self.burst.pos, mass, (), tuple(self.top))


def program(model_: Model, mode: str, length: int) -> tuple[Any, Params]:
    """The two files: forward pass and parameters."""
    if mode == "exact8":
        return exact8, quantize.prepare(model_.config, model_.params, length)
    return model, model.prepare(model_.config, model_.params, mode, length)


def _view(lanes: list[_Lane], shape: Shape) -> View:
    """Pad the pending tokens and tables of these lanes to a compiled shape."""
    b, t, w = shape
    view = View(*(np.zeros(s, np.int32) for s in [(b, t)] * 4 + [(b, w)] * 2 + [(b,)]))
    view.starts[:] = NOWHERE
    for i, lane in enumerate(lanes):
        n, pages = len(lane.feed), len(lane.burst.frames)
        view.tokens[i, :n], view.at[i, :n] = lane.feed, range(lane.pos, lane.pos + n)
        view.frame[i, :n], view.slot[i, :n] = zip(*(lane.places[p] for p in range(lane.pos, lane.pos + n)), strict=True)
        view.table[i, :pages], view.starts[i, :pages] = lane.burst.frames, lane.burst.starts
        view.last[i] = n - 1
    return view


def _allowed(lanes: list[_Lane], bucket: int, vocab: int) -> np.ndarray:
    """Masks of allowed ids [bucket, ceil(vocab / 8)] uint8; a lane without one allows all."""
    rows = np.full((bucket, -(-vocab // 8)), 255, np.uint8)
    for i, lane in enumerate(lanes):
        if lane.burst.allowed is not None:
            rows[i] = np.frombuffer(lane.burst.allowed, np.uint8)
    return rows


def _check(mode: str, frames: int, lanes: int, max_pages: int, chunk: int) -> None:
    if mode not in MODES:
        raise UsageError(f"no arithmetic called {mode!r}: choose one of {', '.join(MODES)}")
    if min(frames - 1, lanes, max_pages, chunk) < 1 or chunk % PAGE:
        raise UsageError(f"impossible machine: {frames} frames, {lanes} lanes, {max_pages} pages, chunks of {chunk}")
    if mode == "exact8" and max_pages * PAGE > exact8.LONGEST:
        raise UsageError(f"exact8 holds contexts of at most {exact8.LONGEST} tokens, not {max_pages * PAGE}")
