"""Answer sheets: the graded answers of one playing as a JSON file that a student can hand in and `llmos grade` reads.

Knows: where the file goes and that it is replaced whole. Does not know: what is in it (`Session.record`). It is written
again after every answer, so that a lesson which is left early, or killed, leaves what was answered, marked as unfinished.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

from llmos import paths
from llmos.errors import LlmosError
from llmos.files import replace, unused

from .session import Session


def write(session: Session, out: Path | None, path: Path | None = None) -> Path:
    """To `path`, or the first time to where `out` says: a file NAME.json, or a new one in a folder, which is made if it is not
    there; None = in the state folder."""
    path = path or _place(session, out)
    try:
        replace(path, (json.dumps(session.record(), ensure_ascii=False) + "\n").encode())
    except OSError as e:
        raise LlmosError(f"can't write your answers to {path}: {e.strerror}") from None
    return path


def _place(session: Session, out: Path | None) -> Path:
    if out is not None and out.suffix == ".json" and not out.is_dir():
        return out
    folder = out or paths.answers()
    stem = "-".join(filter(None, (session.lesson.name, re.sub(r"[^\w-]+", "_", session.student))))
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as e:
        raise LlmosError(f"can't make the folder {folder}: {e.strerror}") from None
    return unused(folder / f"{stem}.json")
