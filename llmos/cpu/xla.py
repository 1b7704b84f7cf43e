"""How XLA is set up: its flags, and compiled programs kept on disk from one run to the next.

Knows: two facts measured for this CPU code. Does not know: models. `configure` must run before JAX starts its backend;
whoever builds an engine calls it first.
"""

from __future__ import annotations

import os
from pathlib import Path

from llmos import paths

FLAGS = {"xla_cpu_prefer_vector_width": "512"}
"""512-bit vectors sped up the products of int8 weights with one row 1.5 times; a CPU without them ignores it."""

QUIET = {"TF_CPP_MIN_LOG_LEVEL": "3"}
"""XLA warns on standard error about every cached program; our standard error is for people."""


def configure() -> None:
    """Set what a person has not set in the environment. Never fails: without a writable cache, everything compiles."""
    flags = os.environ.get("XLA_FLAGS", "")
    missing = [f"--{name}={value}" for name, value in FLAGS.items() if name not in flags]
    os.environ["XLA_FLAGS"] = " ".join([flags, *missing]).strip()
    for name, value in QUIET.items():
        os.environ.setdefault(name, value)
    import jax

    folder = cache_folder()
    if folder is not None:
        jax.config.update("jax_compilation_cache_dir", str(folder))  # type: ignore[no-untyped-call]
        jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)  # type: ignore[no-untyped-call]
        jax.config.update("jax_persistent_cache_min_entry_size_bytes", 0)  # type: ignore[no-untyped-call]


def cache_folder() -> Path | None:
    """Where compiled programs go; None when that can't be written."""
    folder = paths.cache() / "xla"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return None
    return folder if os.access(folder, os.W_OK) else None
