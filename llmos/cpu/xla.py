"""How XLA is set up: its flags.

Knows: two facts measured for this CPU code. Does not know: models, or where compiled programs are kept (`executables.py`).
`configure` must run before JAX starts its backend; whoever builds an engine calls it first.
"""

from __future__ import annotations

import os

FLAGS = {"xla_cpu_prefer_vector_width": "512"}
"""512-bit vectors sped up the products of int8 weights with one row 1.5 times; a CPU without them ignores it."""

QUIET = {"TF_CPP_MIN_LOG_LEVEL": "3"}
"""XLA warns on standard error about every program loaded from disk; our standard error is for people."""


def configure() -> None:
    """Set what a person has not set in the environment."""
    flags = os.environ.get("XLA_FLAGS", "")
    missing = [f"--{name}={value}" for name, value in FLAGS.items() if name not in flags]
    os.environ["XLA_FLAGS"] = " ".join([flags, *missing]).strip()
    for name, value in QUIET.items():
        os.environ.setdefault(name, value)
