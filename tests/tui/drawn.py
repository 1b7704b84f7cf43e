"""What a screen shows, as text and as styles, without the noise of a picture's file format."""

from __future__ import annotations

import hashlib
import re
from typing import Any

from textual.app import App


def text(app: App[Any]) -> str:
    """The characters on the screen, a line a row, blanks at the ends cut."""
    return "\n".join("".join(s.text for s in strip).rstrip() for strip in app.screen._compositor.render_strips())


def picture(app: App[Any]) -> str:
    """The exported SVG with its random names made equal."""
    svg = app.export_screenshot(title="llmos")
    return re.sub(r"terminal-\d+", "terminal", svg)


def digest(app: App[Any]) -> str:
    return hashlib.sha256(picture(app).encode()).hexdigest()[:16]
