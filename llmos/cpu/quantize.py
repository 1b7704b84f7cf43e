"""From a model's float parameters to exact8's integers.

Knows: which linear maps may be moved into which matrix without changing the model, and how a row becomes int8. Does not
know: the forward pass (`exact8.py`), files (`prepared.py` keeps what comes out). NumPy only.

int8 hurts where a few numbers are much larger than the rest, and a Transformer's residual stream is like that. So the
stream is turned by a fixed orthogonal matrix R (and each head's values by a small one), which spreads the large numbers
over all axes: embeddings and the outputs of `o` and `down` are turned, the matrices that read the stream turn it back.
RMSNorm commutes with a turn once its gain has moved into the matrix behind it. In exact arithmetic nothing changes.
(The idea is QuaRot's, Ashkboos et al. 2024.)
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .config import ModelConfig, Params
from .model import rope_tables

Matrix = np.ndarray[Any, Any]

SMALLEST = 2.0**-40


def prepare(config: ModelConfig, params: Params, length: int) -> Params:
    """Parameters for `exact8`, with RoPE tables for `length` positions."""
    return with_angles(config, integers(config, params), length)


def with_angles(config: ModelConfig, params: Params, length: int) -> Params:
    """What `integers` gave, and RoPE tables beside the embedding."""
    cos, sin = rope_tables(config, length)
    begin = {"embed": params["embed"], "cos": cos, "sin": sin}
    return {"begin": begin, "layers": params["layers"], "head": params["head"]}


def integers(config: ModelConfig, params: Params) -> Params:
    """Every matrix int8 with a scale a row; an empty array "narrow" marks what `narrow` says yes to, in all layers."""
    turn, small = rotation(config.dim, 0), rotation(config.head_dim, 1)
    embed = _float(params["embed"])
    head = _float(params["embed" if config.tied else "head"]) * _float(params["norm"])
    layers = [_layer(config, layer, turn, small) for layer in params["layers"]]
    if all(narrow(layer["down"]["w"]) for layer in layers):  # one program runs all layers
        for layer in layers:
            layer["down"]["narrow"] = np.zeros(0, np.int8)
    return {"embed": rows(embed @ turn), "layers": layers, "head": rows(head @ turn)}


def _layer(config: ModelConfig, layer: Params, turn: Matrix, small: Matrix) -> Params:
    out: Params = {k: _float(a) for k, a in layer.items() if k.endswith("_bias") or k in ("q_norm", "k_norm")}
    d = config.head_dim
    for name in ("q", "k", "v", "gate", "up"):
        gain = _float(layer["attn_norm" if name in "qkv" else "mlp_norm"])
        w = (_float(layer[name]) * gain) @ turn
        if name == "v":  # each head's values are turned, and turned back in o
            w = (small.T @ w.reshape(-1, d, config.dim)).reshape(w.shape)
        out[name] = rows(w)
    if "v_bias" in out:
        out["v_bias"] = (out["v_bias"].reshape(-1, d) @ small).reshape(-1)
    o = (_float(layer["o"]).reshape(config.dim, -1, d) @ small).reshape(config.dim, -1)
    return {**out, "o": rows(turn.T @ o), "down": rows(turn.T @ _float(layer["down"]))}


def rotation(n: int, seed: int) -> Matrix:
    """A fixed random orthogonal matrix [n, n]."""
    q, r = np.linalg.qr(np.random.default_rng(seed).normal(size=(n, n)))
    return (q * np.sign(np.diag(r))).astype(np.float32)


def rows(w: Matrix) -> Params:
    """w [out, in] -> int8 with one scale a row."""
    scale = np.maximum(np.abs(w).max(1), SMALLEST) / 127
    return {"w": np.rint(w / scale[:, None]).astype(np.int8), "scale": scale.astype(np.float32)}


def narrow(w: Matrix) -> bool:
    """Can no int8 row times this int8 matrix add up to 2**24? Then float32 adds those products exactly, in any order."""
    return int(np.abs(w.astype(np.int32)).sum(1).max()) * 128 < 1 << 24


def _float(a: Any) -> Matrix:
    return np.asarray(a, np.float32)
