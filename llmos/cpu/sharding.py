"""Where arrays live: one device, or a mesh of them with axes "lanes" and "heads".

Knows: which axis of each parameter and pool array is split over heads (and over the hidden width of the MLP), and that a
step's lanes are split over lanes. Does not know: what is computed; XLA inserts the sums between devices, and in exact8
those are integer sums, so the bits stay. Without a mesh everything here does nothing.
"""

from __future__ import annotations

from typing import Any

import jax
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from .config import ModelConfig, Params
from .kvcache import Pool

ROWS = frozenset({"q", "k", "v", "gate", "up", "q_bias", "k_bias", "v_bias"})
"""Parameters whose output rows are split."""

COLUMNS = frozenset({"o", "down"})
"""Matrices whose input columns are split; their products are summed over devices."""


class Placement:
    """Puts arrays on the default device, or over a mesh."""

    def __init__(self, config: ModelConfig, mesh: Mesh | None) -> None:
        self._mesh = mesh
        heads = mesh.shape["heads"] if mesh else 1
        self._split = "heads" if config.kv_heads % heads == 0 and config.hidden % heads == 0 else None

    @property
    def spread(self) -> bool:
        """Is there more than one device?"""
        return self._mesh is not None

    def parameters(self, params: Params) -> Params:
        """Parameters on their devices."""
        placed: Params = params
        if self._mesh is None:  # all at once: an array at a time takes ten times as long
            placed = jax.device_put(params)
        else:
            placed = jax.tree_util.tree_map_with_path(self._parameter, params)
        return placed

    def _parameter(self, path: tuple[Any, ...], a: Any) -> jax.Array:
        names = {str(key.key) for key in path if hasattr(key, "key")}
        if names & ROWS:
            return self._put(a, self._split)
        if names & COLUMNS and a.ndim == 2:
            return self._put(a, None, self._split)
        return self._put(a)

    def _put(self, a: Any, *axes: str | None) -> jax.Array:
        placed: jax.Array = jax.device_put(a, self._over(*axes))
        return placed

    def pool(self, pool: Pool) -> Pool:
        """The pool on its devices."""
        placed: Pool = jax.device_put(pool, self.frames)
        return placed

    @property
    def frames(self) -> NamedSharding | None:
        """How an array of frames, heads first, is split."""
        return self._over(self._split)

    def lanes(self, count: int) -> NamedSharding | None:
        """How an array with `count` lanes first is split."""
        return self._over("lanes" if self._mesh and count % self._mesh.shape["lanes"] == 0 else None)

    def _over(self, *axes: str | None) -> NamedSharding | None:
        return NamedSharding(self._mesh, PartitionSpec(*axes)) if self._mesh else None  # type: ignore[no-untyped-call]
