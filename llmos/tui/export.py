"""Taking something away from the room: a picture of the screen, or the console's text as Markdown.

Knows: the stage. Does not know: journals; what is made of those (casts, traces) is in `llmos/exports.py`.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from llmos.errors import UsageError
from llmos.exports import fresh, transcript

if TYPE_CHECKING:
    from .stage import Stage


def export(stage: Stage, what: str, file: Path | None) -> Path:
    """Write `what` to `file`, or to a new file here; never over an existing one. Raises ValueError."""
    try:
        if what == "picture":
            return fresh(file or Path("llmos.svg"), stage.export_screenshot(title="llmos"))
        if what == "transcript":
            return fresh(file or Path("llmos.md"), transcript(stage.view.console, stage.view.journal))
    except UsageError as e:
        raise ValueError(str(e)) from None
    raise ValueError("picture or transcript; `llmos replay FILE --cast OUT` and `--trace OUT` make the others")
