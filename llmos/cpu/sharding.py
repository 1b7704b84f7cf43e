"""Where arrays live: one device, or a mesh of them with axes "lanes" and "heads".

Knows: which axis of each parameter and pool array is split over heads (and over the hidden width of the MLP). Does not
know: what is computed; XLA inserts the sums between devices, and in exact8 those are integer sums, so the bits stay.
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


def place(config: ModelConfig, params: Params, pool: Pool, mesh: Mesh | None) -> tuple[Params, Pool]:
    """Put parameters and pool on the default device, or over the mesh."""
    if mesh is None:
        return jax.device_put(params), jax.device_put(pool)
    split = "heads" if config.kv_heads % mesh.shape["heads"] == 0 and config.hidden % mesh.shape["heads"] == 0 else None

    def put(a: Any, *axes: str | None) -> Any:
        return jax.device_put(a, NamedSharding(mesh, PartitionSpec(*axes)))  # type: ignore[no-untyped-call]

    def parameter(path: tuple[Any, ...], a: Any) -> Any:
        names = {str(key.key) for key in path if hasattr(key, "key")}
        if names & ROWS:
            return put(a, split)
        if names & COLUMNS and a.ndim == 2:
            return put(a, None, split)
        return put(a)

    return jax.tree_util.tree_map_with_path(parameter, params), jax.tree.map(lambda a: put(a, split), pool)
