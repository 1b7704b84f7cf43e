"""What makes two CPUs the same: equal fingerprints mean equal tokens.

Knows: the weights, the mode, the versions of jax and of this arithmetic, and the machine. Does not know: sizes that
cannot change a token in exact8 (frames, lanes, chunks).
"""

from __future__ import annotations

import hashlib
import platform

import jax

from .config import Model

ARITHMETIC = 2
"""Raised whenever `exact8.py`, `model.py` or `sampling.py` changes a bit."""


def fingerprint(model: Model, mode: str) -> str:
    """A short name of (weights, mode, versions, machine)."""
    device = jax.devices()[0]
    parts = (model.sha256, mode, ARITHMETIC, jax.__version__, platform.machine(), device.platform, device.device_kind)
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]
