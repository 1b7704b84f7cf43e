"""Files that are written whole: a name that nobody has yet, and a write that a reader sees entirely or not at all.

Knows: paths, bytes. Does not know: what is in them.
"""

from __future__ import annotations

import os
from pathlib import Path


def unused(path: Path) -> Path:
    """`path`, or name-2, name-3, ... where it is taken."""
    candidate, n = path, 1
    while candidate.exists():
        n += 1
        candidate = path.with_stem(f"{path.stem}-{n}")
    return candidate


def replace(path: Path, data: bytes) -> None:
    """Write beside, flush to disk, then rename over: a reader sees the old file or the new one. What failed leaves nothing."""
    beside = path.with_name(f".{path.name}.part")
    try:
        with open(beside, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, path)
    except OSError:
        beside.unlink(missing_ok=True)
        raise
