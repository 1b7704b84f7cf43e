"""The CPU itself: bursts in, retired tokens out, on one Transformer.

Knows: how bursts become padded arrays, the pool's frames, and the installed sets of weights (adapters). Does not know:
processes, text, when a lane stops (`lane.py`), or how a step computes (`model.py`, `exact8.py`), compiles (`programs.py`)
or samples (`sampling.py`). The host drives: a prompt's chunk first, then one step a token for all lanes that still run;
lanes that stopped drop out, and in exact8 nobody can tell.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import jax
import numpy as np

from llmos.errors import UsageError
from llmos_kernel.cpu import TRASH, Burst, Geometry, Retired

from . import digest, exact8, kvcache, looking, model, prepared, quantize
from .config import Model, ModelConfig, Params
from .identity import fingerprint
from .kvcache import NOWHERE, PAGE, Pool, View
from .lane import Fed, Lane
from .programs import Programs, Shape
from .sampling import Chosen, draw, undecided
from .sharding import Placement

MODES = {"exact8": "int8", "float32": "float32", "bfloat16": "bfloat16"}
"""Each mode and the type of its keys and values."""

COPIES = 8
"""Frames copied by one call of the compiled copy; padded with the trash frame onto itself."""


class Engine:
    """Implements `llmos_kernel.cpu.Cpu`. Owns the pool; one thread calls everything but `warm`."""

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
        self._config, self._mode, self._length = config, mode, max_pages * PAGE
        self._placement = Placement(config, mesh)
        self._weights = {0: self._placement.parameters(prepared.of(model, mode, self._length))}
        self._pool = self._placement.pool(kvcache.create(config, frames, MODES[mode]))
        tell("weights", 1.0)
        self._programs = Programs(
            arithmetic(mode), config, self._placement, self._weights[0], self._pool, lanes, chunk, max_pages
        )
        self._services: dict[str, Any] = {}
        self._everywhere = jax.jit(partial(_head_everywhere, arithmetic(mode).head, config))
        self._page = kvcache.page_of(self._pool)
        size = kvcache.frame_bytes(config, MODES[mode])
        name = fingerprint(model, mode)
        self.geometry = Geometry(PAGE, frames, max_pages, lanes, chunk, config.vocab, size, mode, model.name, name)

    def warm(self, progress: Callable[[str, float], None], masks: bool = True) -> None:
        """Have the shapes ready that a first answer needs, in memory or on disk: one prompt and one lane; for masks, too."""
        missing = [
            (shape, masked)
            for shape in list(self._programs.shapes())[:2]
            for masked in ((False, True) if masks else (False,))
            if not self._programs.kept(shape, masked)  # what is kept is loaded when it is first run
        ]
        parts = 3 * sum(not masked for _, masked in missing) + sum(masked for _, masked in missing)
        begun = iter(range(parts + 1))
        with self._programs.told(lambda name: progress(name, min(1.0, next(begun, parts) / parts))):
            for shape, masked in missing:
                (self._programs.masked if masked else self._programs.step)(shape)
        progress("ready", 1.0)

    def complete(self) -> None:
        """Compile what no earlier run has compiled. May run in a thread of its own beside `run`; ends with the program."""
        for shape in self._programs.shapes():
            if not threading.main_thread().is_alive():
                return
            if not self._programs.kept(shape):
                self._programs.step(shape)
            if not self._programs.kept(shape, masked=True):
                self._programs.masked(shape)

    def programs(self) -> dict[str, Any]:
        """The compiled executables by name, for those who want to read their HLO."""
        return {**self._programs.compiled(), **{name: self._service(name) for name in ("copy", "wipe", "save", "load")}}

    @property
    def weights(self) -> Params:
        """The model's parameters as the forward pass reads them."""
        return self._weights[0]

    @property
    def pool(self) -> Pool:
        """All frames, as they are between two bursts."""
        return self._pool

    # -- adapters -------------------------------------------------------------------------------------------------

    def install(self, params: Params) -> int:
        """Take a second set of weights, canonical as in `config.py`, and return the index for `Burst.adapter`.

        Arrays that come out the same as the base model's are shared with it. UsageError when a shape differs.
        """
        base = self._weights[0]
        new = prepare(self._config, params, self._mode, self._length)
        if jax.tree.map(np.shape, new) != jax.tree.map(np.shape, base):
            raise UsageError("an adapter's weights must have the shapes of the model it adapts")
        changed = jax.tree.map(lambda a, b: None if np.array_equal(a, b) else a, new, base)
        placed = self._placement.parameters(changed)
        index = max(self._weights) + 1
        self._weights[index] = jax.tree.map(lambda b, a: b if a is None else a, base, placed)
        return index

    def remove(self, index: int) -> None:
        """Forget an installed set of weights. UsageError when there is none of that number, or it is the model itself."""
        if index == 0 or index not in self._weights:
            raise UsageError(f"no adapter {index} is installed")
        del self._weights[index]

    # -- running --------------------------------------------------------------------------------------------------

    def run(self, bursts: Sequence[Burst]) -> list[Retired]:
        """As `Cpu.run`. ValueError when a burst breaks the contract."""
        if len(bursts) > self.geometry.lanes or sum(len(b.feed) > 1 for b in bursts) > 1:
            raise ValueError(f"{len(bursts)} bursts are too many, or more than one is a prefill")
        lanes = [self._lane(burst) for burst in bursts]
        for lane in lanes:
            if len(lane.feed) > 1:
                self._step([lane])
        while running := [lane for lane in lanes if lane.feed]:
            for group in _by_adapter(running):
                self._step(group)
        return [lane.retire() for lane in lanes]

    def logits(self, burst: Burst) -> np.ndarray:
        """Feed one burst's tokens, sample nothing: the logits [vocab] float32 after the last one."""
        lanes = [self._lane(burst)]
        shape, view, fed = self._feed(lanes)
        return np.asarray(self._finish(lanes, shape, view, fed)[0][0])

    def read(self, burst: Burst) -> tuple[Retired, np.ndarray]:
        """As `run` for one burst that samples nothing, and the logits [n, vocab] float32 after each of its n tokens."""
        lane = self._lane(burst)
        fed = self._feed([lane])[2]
        n = len(lane.feed)
        lane.fed(fed, 0)
        return lane.retire(), np.asarray(self._everywhere(self._weights[burst.adapter]["head"], fed.state.x))[:n]

    def attention(self, burst: Burst) -> np.ndarray:
        """Where one token looks: its share of attention for each page of the table, [layers, heads, pages] float32.

        `burst` feeds that token, which may be in the cache already. Its page is copied to the trash frame and it is fed there,
        so no frame of anybody's changes. ValueError when the burst breaks the contract.
        """
        own = burst.starts.index(burst.pos - burst.pos % PAGE)
        self.load(TRASH, self.save(burst.frames[own]))
        frames = (*burst.frames[:own], TRASH, *burst.frames[own + 1 :])
        _, view, fed = self._feed([self._lane(burst._replace(frames=frames, feed=burst.feed[:1], steps=0))])
        table = jax.device_get(view)
        seen = table.starts[0][:, None] + np.arange(PAGE) <= burst.pos
        return looking.shares(fed.probes, self._pool, table.table[0], seen)[..., : len(frames)]

    def _lane(self, burst: Burst) -> Lane:
        if burst.adapter not in self._weights:
            raise ValueError(f"no adapter {burst.adapter} is installed")
        return Lane(burst, self.geometry)

    def _step(self, lanes: list[Lane]) -> None:
        """Run the pending tokens of these lanes, which share an adapter, and give each its next one if it wants one."""
        shape, view, fed = self._feed(lanes)
        chosen = None
        if any(lane.samples for lane in lanes):
            chosen = jax.device_get(self._finish(lanes, shape, view, fed)[1])
        for i, lane in enumerate(lanes):
            lane.fed(fed, i)
            if chosen and lane.samples:
                lane.sampled(chosen, i)

    def _feed(self, lanes: list[Lane]) -> tuple[Shape, View, Fed]:
        """Run the pending tokens of these lanes through all layers."""
        tokens = max(len(lane.feed) for lane in lanes)
        shape = self._programs.fit(len(lanes), tokens, max(len(lane.burst.frames) for lane in lanes))
        view = jax.device_put(_view(lanes, shape), self._placement.lanes(shape.lanes))
        weights = self._weights[lanes[0].burst.adapter]
        state, self._pool, probes = self._programs.trunk(shape, weights, self._pool, view)
        return shape, view, Fed(state, probes)

    def _finish(self, lanes: list[Lane], shape: Shape, view: View, fed: Fed) -> tuple[jax.Array, Chosen]:
        """Logits [bucket, vocab] after the lanes' last tokens, and what they sample."""
        choice = undecided(shape.lanes)
        for i, lane in enumerate(lanes):
            burst = lane.burst
            u = draw(burst.seed, lane.pos + len(lane.feed)) if burst.temperature else 0
            choice.temperature[i], choice.min_p[i], choice.u[i] = burst.temperature, burst.min_p, u
            choice.never[i, : len(burst.never)] = burst.never
        masked = any(lane.burst.allowed is not None for lane in lanes)
        allowed = _allowed(lanes, shape.lanes, self.geometry.vocab) if masked else None
        weights = self._weights[lanes[0].burst.adapter]
        return self._programs.choose(shape, weights, fed.state, view, choice, allowed)

    # -- frames ---------------------------------------------------------------------------------------------------

    def copy(self, pairs: Sequence[tuple[int, int]]) -> None:
        """As `Cpu.copy`."""
        for first in range(0, len(pairs), COPIES):
            part = pairs[first : first + COPIES]
            both = np.array([*part, *[(TRASH, TRASH)] * (COPIES - len(part))], np.int32)
            self._pool = self._service("copy")(self._pool, both[:, 0], both[:, 1])

    def wipe(self, frames: Sequence[int]) -> None:
        """As `Cpu.wipe`."""
        for first in range(0, len(frames), COPIES):
            part = frames[first : first + COPIES]
            padded = np.array([*part, *[TRASH] * (COPIES - len(part))], np.int32)
            self._pool = self._service("wipe")(self._pool, padded)

    def save(self, frame: int) -> bytes:
        """As `Cpu.save`."""
        return kvcache.to_bytes(jax.device_get(self._service("save")(self._pool, np.int32(frame))))

    def load(self, frame: int, data: bytes) -> None:
        """As `Cpu.load`. ValueError when `data` is not one frame long."""
        self._pool = self._service("load")(self._pool, np.int32(frame), kvcache.from_bytes(data, self._page))

    def digest(self, frame: int) -> bytes:
        """As `Cpu.digest`."""
        page = jax.device_get(self._service("save")(self._pool, np.int32(frame)))
        looked = [page[i] for i in digest.layers(self._config.layers)]
        return digest.pack([kvcache.keys(layer) for layer in looked], [kvcache.values(layer) for layer in looked])

    def _service(self, name: str) -> Any:
        """The compiled program that copies, wipes, saves or loads frames."""
        if name not in self._services:
            self._services[name] = self._programs.other(name, partial(self._lower, name))
        return self._services[name]

    def _lower(self, name: str) -> Any:
        one, several = np.int32(TRASH), np.zeros(COPIES, np.int32)
        jit = partial(jax.jit, donate_argnums=(0,), out_shardings=self._placement.frames)
        if name == "copy":
            return jit(kvcache.copy_frames).lower(self._pool, several, several)
        if name == "wipe":
            return jit(kvcache.wipe_frames).lower(self._pool, several)
        if name == "load":
            return jit(kvcache.put_frame).lower(self._pool, one, self._page)
        return jax.jit(kvcache.take_frame).lower(self._pool, one)


def _head_everywhere(head: Any, config: ModelConfig, weights: Params, x: jax.Array) -> jax.Array:
    """The residual stream [1, T, dim] of one lane -> logits [T, vocab]."""
    logits: jax.Array = head(config, weights, x[0][:, None], np.zeros(x.shape[1], np.int32))
    return logits


def arithmetic(mode: str) -> Any:
    """The forward pass of a mode: the module `exact8` or `model`."""
    return exact8 if mode == "exact8" else model


def prepare(config: ModelConfig, params: Params, mode: str, length: int) -> Params:
    """Canonical parameters as the forward pass of a mode wants them, for contexts of `length` tokens. NumPy in and out."""
    if mode == "exact8":
        return quantize.prepare(config, params, length)
    return model.prepare(config, params, mode, length)


def _by_adapter(lanes: list[Lane]) -> Iterator[list[Lane]]:
    for adapter in sorted({lane.burst.adapter for lane in lanes}):
        yield [lane for lane in lanes if lane.burst.adapter == adapter]


def _view(lanes: list[Lane], shape: Shape) -> View:
    """Pad the pending tokens and tables of these lanes to a compiled shape."""
    b, t, w = shape
    view = View(*(np.zeros(s, np.int32) for s in [(b, t)] * 4 + [(b, w)] * 2 + [(b,)]))
    view.starts[:] = NOWHERE
    for i, lane in enumerate(lanes):
        n, pages = len(lane.feed), len(lane.burst.frames)
        view.tokens[i, :n], view.at[i, :n] = lane.feed, range(lane.pos, lane.pos + n)
        view.frame[i, :n], view.slot[i, :n] = zip(*lane.places(), strict=True)
        view.table[i, :pages], view.starts[i, :pages] = lane.burst.frames, lane.burst.starts
        view.last[i] = n - 1
    return view


def _allowed(lanes: list[Lane], bucket: int, vocab: int) -> np.ndarray:
    """Masks of allowed ids [bucket, ceil(vocab / 8)] uint8; a lane without one allows all. They are reckoned here, while the
    layers, which were queued before, run on threads of their own."""
    size = -(-vocab // 8)
    every, none = b"\xff" * size, bytes(size)
    asked = [lane.burst.allowed for lane in lanes]
    masks = [(mask.reckon() if mask else None) or every for mask in asked]
    if none in masks:
        raise ValueError("a mask of allowed ids allows at least one")
    rows = b"".join(masks) + every * (bucket - len(lanes))
    return np.frombuffer(rows, np.uint8).reshape(bucket, size)


def _check(mode: str, frames: int, lanes: int, max_pages: int, chunk: int) -> None:
    if mode not in MODES:
        raise UsageError(f"no arithmetic called {mode!r}: choose one of {', '.join(MODES)}")
    if min(frames - 1, lanes, max_pages, chunk) < 1 or chunk % PAGE:
        raise UsageError(f"impossible machine: {frames} frames, {lanes} lanes, {max_pages} pages, chunks of {chunk}")
    if mode == "exact8" and max_pages * PAGE > exact8.LONGEST:
        raise UsageError(f"exact8 holds contexts of at most {exact8.LONGEST} tokens, not {max_pages * PAGE}")
