"""What a screen shows, as text and as styles, without the noise of a picture's file format."""

from __future__ import annotations

import hashlib
import re
from itertools import chain
from typing import Any

from textual.app import App

from llmos.tui.theme import contrast

GRAPHIC = re.compile("[\u2500-\u259f\u2800-\u28ff]")


def text(app: App[Any]) -> str:
    """The characters on the screen, a line a row, blanks at the ends cut."""
    return "\n".join("".join(s.text for s in strip).rstrip() for strip in app.screen._compositor.render_strips())


def picture(app: App[Any]) -> str:
    """The exported SVG with its random names made equal."""
    svg = app.export_screenshot(title="llmos")
    return re.sub(r"terminal-\d+", "terminal", svg)


def digest(app: App[Any]) -> str:
    return hashlib.sha256(picture(app).encode()).hexdigest()[:16]


def faint(app: App[Any], least: float = 4.5) -> set[tuple[str, str, str, float]]:
    """Text with too little contrast to the background it is drawn on: (text, colour, background, ratio).

    What a cell ends up with counts: reversed, dimmed and blended. Lines, bars and dots (U+2500 to U+259F, braille) say nothing
    that a text beside them does not say, and are passed over, as is a room that fades under a dialog, where nothing can be
    done; a colour of the terminal's own has no ratio, and counts as 0.
    """
    found = set()
    strips = app.screen._compositor.render_strips()
    if app.screen.is_modal:
        strips = [strips[y].crop(r.x, r.right) for w in app.screen.children for r in [w.region] for y in r.line_range]
    for segment in chain.from_iterable(strips):
        words = GRAPHIC.sub("", segment.text).strip()
        if words and segment.style:
            colours = [segment.style.color, segment.style.bgcolor]
            fore, back = (
                c.triplet.hex if c and c.triplet else "" for c in colours[:: -1 if segment.style.reverse else 1]
            )
            ratio = contrast(fore, back) if fore and back and not segment.style.dim else 0.0
            if ratio < least:
                found.add((words, fore, back, round(ratio, 2)))
    return found
