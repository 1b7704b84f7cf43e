"""Taking something away from the room: a picture of the screen, the console as Markdown, or what a journal gives.

Knows: the stage. Does not know: how something is made of a journal (`llmos/exports.py`). For that the session is replayed,
which takes a while for a long one, so it may be called from any thread.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from llmos.errors import LlmosError
from llmos.exports import fresh, transcript

if TYPE_CHECKING:
    from .stage import Stage

JOURNALLED = {
    "cast": "llmos.cast",
    "trace": "llmos-trace.json",
    "redact": "llmos-redacted.log",
    "journal": "llmos.log",
}
"""What is made of the journal -> the file it goes to."""


def export(stage: Stage, what: str, file: Path | None) -> Path:
    """Write `what` to `file`, or to a new file here; never over an existing one. Raises ValueError."""
    try:
        if what == "picture":
            return fresh(file or Path("llmos.svg"), stage.export_screenshot(title="llmos"))
        if what == "transcript":
            return fresh(file or Path("llmos.md"), transcript(stage.view.console, stage.view.journal))
        if what in JOURNALLED:
            return _from_journal(stage.view.journal, what, file or Path(JOURNALLED[what]))
    except LlmosError as e:
        raise ValueError(str(e)) from None
    raise ValueError(f"picture, transcript, {', '.join(JOURNALLED)}")


def _from_journal(journal: str, what: str, file: Path) -> Path:
    from llmos import recording

    if not journal:
        raise ValueError("this session has no journal")
    if what == "journal":
        return fresh(file, Path(journal).read_bytes())
    return fresh(file, recording.made(Path(journal), what))
