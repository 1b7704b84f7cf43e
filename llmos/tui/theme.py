"""Colours: named styles over one palette, with a contrast that can be checked.

Knows: which colour carries which meaning. Does not know: where it is drawn. No meaning lives in colour alone: a letter
or glyph always stands beside it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from rich.style import Style

if TYPE_CHECKING:
    from textual.theme import Theme


@dataclass(frozen=True)
class Palette:
    """`colours` maps a meaning to "#rrggbb"; "owner0".."owner9" tell processes apart; all are for `background`."""

    name: str
    background: str
    colours: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def _made(self) -> dict[str, Style]:
        return {}

    def style(self, name: str) -> Style:
        """A style such as "text", "bold good" or "reverse owner3": attributes, then a colour's name."""
        made = self._made
        if name not in made:
            *attributes, colour = name.split()
            made[name] = Style(
                color=self.colours[colour],
                bgcolor=self.background,
                bold="bold" in attributes,
                reverse="reverse" in attributes,
                underline="underline" in attributes,
            )
        return made[name]

    def theme(self) -> Theme:
        """The same colours for the library's own widgets."""
        from textual.theme import Theme

        c = self.colours
        return Theme(
            name=self.name,
            primary=c["accent"],
            secondary=c["user"],
            accent=c["accent"],
            foreground=c["text"],
            background=self.background,
            surface=self.background,
            panel=self.background,
            warning=c["busy"],
            error=c["bad"],
            success=c["good"],
            dark=True,
        )


def contrast(one: str, other: str) -> float:
    """The WCAG 2 contrast ratio of two "#rrggbb" colours, 1 to 21."""
    high, low = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def _luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def night() -> Palette:
    """The default: a quiet dark room, one accent, ten owners that can be told apart."""
    owners = ["8fb8ff", "f5b971", "8fd694", "e89ac7", "7fd6d6", "d6c66b", "c3a6ff", "ff9e8a", "a9c27a", "9fc5d8"]
    colours = {
        "text": "#dbe2ee",
        "dim": "#93a0b5",
        "line": "#4a5872",
        "title": "#aebbd0",
        "accent": "#7fb4ff",
        "good": "#86d992",
        "busy": "#f2c267",
        "bad": "#ff8f86",
        "model": "#ffe0a3",
        "kernel": "#9aa8c0",
        "user": "#93dfa0",
        "device": "#e3a6f2",
        "shared": "#79d7e8",
        "free": "#7a869b",
    }
    return Palette("llmos-night", "#10151d", colours | {f"owner{i}": f"#{c}" for i, c in enumerate(owners)})


AUTHORS: Mapping[str, str] = {"m": "model", "K": "kernel", "u": "bold user", "d": "underline device"}
"""Who put a token there -> its style; the same in every panel."""


def author(who: str) -> str:
    return AUTHORS.get(who, "text")
