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
from llmos_kernel.cpu import TRASH, Burst, Geometry, Retired

from . import digest, exact8, kvcache, model, quantize
from .config import Model, Params
from .identity import fingerprint
from .kvcache import NOWHERE, PAGE, View
from .lane import Fed, Lane
from .programs import Programs, Shape
from .sampling import Choice, Chosen, draw
from .sharding import Placement

MODES = {"exact8": "int8", "float32": "float32", "bfloat16": "bfloat16"}
"""Each mode and the type of its keys and values."""


class Engine:
    """Implements `llmos_kernel.cpu.Cpu`. Owns the pool; one thread calls `run`, `copy`, `save`, `load` and `digest`."""

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
        self._model, self._mode, self._length = model, mode, max_pages * PAGE
        self._placement = Placement(config, mesh)
        arithmetic, params = program(model, mode, self._length)
        self._adapters: dict[int, Params] = {0: self._placement.parameters(params)}
        self._pool = self._placement.pool(kvcache.create(config, frames, MODES[mode]))
        tell("weights", 1.0)
        self._programs = Programs(
            arithmetic, config, self._placement, self._adapters[0], self._pool, lanes, chunk, max_pages
        )
        self._copy = jax.jit(kvcache.copy_frames, donate_argnums=(0,))
        self._take = jax.jit(kvcache.take_frame)
        self._put = jax.jit(kvcache.put_frame, donate_argnums=(0,))
        size = kvcache.frame_bytes(config, MODES[mode])
        name = fingerprint(model, mode)
        self.geometry = Geometry(PAGE, frames, max_pages, lanes, chunk, config.vocab, size, mode, model.name, name)

    def warm(self, progress: Callable[[str, float], None]) -> None:
        """Compile every shape, the most needed first. May run in a thread of its own beside `run`."""
        shapes = list(self._programs.shapes())
        for i, shape in enumerate(shapes):
            progress(f"{shape.lanes}x{shape.tokens} over {shape.width} pages", i / len(shapes))
            self._programs.step(shape)
        progress("ready", 1.0)

    def programs(self) -> dict[str, Any]:
        """The compiled executables by name, for those who want to read their HLO."""
        return self._programs.compiled()

    # -- adapters ---------------------------------------------------------------------------------------------------

    def install(self, params: Params) -> int:
        """A second set of weights (canonical, merged, as in `config.py`) for bursts that name it; its number.

        Layers whose arrays are the base model's own are shared with it, not stored twice.
        """
        wanted = Model(**{**vars(self._model), "params": params})
        placed = self._placement.parameters(program(wanted, self._mode, self._length)[1])
        base, own = self._adapters[0], self._model.params
        for i, layer in enumerate(params["layers"]):
            if all(array is own["layers"][i][name] for name, array in layer.items()):
                placed["layers"][i] = base["layers"][i]
        number = max(self._adapters) + 1
        self._adapters[number] = placed
        return number

    def remove(self, number: int) -> None:
        """Forget installed weights. UsageError for the model itself or for what is not there."""
        if number == 0 or number not in self._adapters:
            raise UsageError(f"no adapter {number} is installed")
        del self._adapters[number]

    # -- the contract -----------------------------------------------------------------------------------------------

    def run(self, bursts: Sequence[Burst]) -> list[Retired]:
        """As `Cpu.run`. ValueError when a burst breaks the contract."""
        if len(bursts) > self.geometry.lanes or sum(len(b.feed) > 1 for b in bursts) > 1:
            raise ValueError(f"{len(bursts)} bursts are too many, or more than one is a prefill")
        if not all(burst.adapter in self._adapters for burst in bursts):
            raise ValueError("a burst names an adapter that is not installed")
        lanes = [Lane(burst, self.geometry) for burst in bursts]
        for lane in lanes:
            if len(lane.feed) > 1:
                self._step([lane])
        while running := [lane for lane in lanes if lane.feed]:
            for number in sorted({lane.burst.adapter for lane in running}):
                self._step([lane for lane in running if lane.burst.adapter == number])
        return [lane.retire() for lane in lanes]

    def logits(self, burst: Burst) -> np.ndarray:
        """Feed one burst's tokens, sample nothing: the logits [vocab] float32 after the last one."""
        lanes = [Lane(burst, self.geometry)]
        shape, view, step = self._feed(lanes)
        return np.asarray(self._finish(lanes, shape, view, step)[0][0])

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

    def digest(self, frame: int) -> bytes:
        """As `Cpu.digest`."""
        page = jax.device_get(self._take(self._pool, np.int32(frame)))
        return digest.pack([self._keys(page[i]) for i in digest.layers(len(page))])

    def _keys(self, layer: dict[str, Any]) -> np.ndarray:
        """One layer's keys of a page as floats: [kv_heads, PAGE, head_dim]."""
        keys = np.asarray(layer["k"], np.float32).reshape(len(layer["k"]), PAGE, -1)
        return keys * layer["k_scale"][..., None] if "k_scale" in layer else keys

    # -- one step ---------------------------------------------------------------------------------------------------

    def _step(self, lanes: list[Lane]) -> None:
        """Run the pending tokens of these lanes and give each its next one, if it wants one."""
        shape, view, step = self._feed(lanes)
        chosen = None
        if any(lane.samples for lane in lanes):
            chosen = jax.device_get(self._finish(lanes, shape, view, step)[1])
        for i, lane in enumerate(lanes):
            lane.fed(step, i)
            if chosen and lane.samples:
                lane.sampled(chosen, i)

    def _feed(self, lanes: list[Lane]) -> tuple[Shape, View, Fed]:
        """Run the pending tokens of these lanes, all of one adapter, through all layers."""
        tokens = max(len(lane.feed) for lane in lanes)
        shape = self._programs.fit(len(lanes), tokens, max(len(lane.burst.frames) for lane in lanes))
        view = jax.device_put(_view(lanes, shape), self._placement.lanes(shape.lanes))
        params = self._adapters[lanes[0].burst.adapter]
        state, self._pool, probes = self._programs.trunk(shape, params, self._pool, view)
        return shape, view, Fed(state, probes)

    def _finish(self, lanes: list[Lane], shape: Shape, view: View, step: Fed) -> tuple[jax.Array, Chosen]:
        """Logits [bucket, vocab] after the lanes' last tokens, and what they sample."""
        choice = Choice(*(np.zeros(shape.lanes, np.int32) for _ in Choice._fields))
        for i, lane in enumerate(lanes):
            burst = lane.burst
            u = draw(burst.seed, lane.pos + len(lane.feed)) if burst.temperature else 0
            choice.temperature[i], choice.min_p[i], choice.u[i] = burst.temperature, burst.min_p, u
        masked = any(lane.burst.allowed is not None for lane in lanes)
        allowed = _allowed(lanes, shape.lanes, self.geometry.vocab) if masked else None
        where = self._placement.lanes(shape.lanes)
        choice, allowed = jax.device_put((choice, allowed), where)
        params = self._adapters[lanes[0].burst.adapter]
        return self._programs.choose(shape, params, step.state, view, choice, allowed)


def program(model_: Model, mode: str, length: int) -> tuple[Any, Params]:
    """The two files: forward pass and parameters."""
    if mode == "exact8":
        return exact8, quantize.prepare(model_.config, model_.params, length)
    return model, model.prepare(model_.config, model_.params, mode, length)


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
