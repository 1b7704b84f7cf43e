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
    dark: bool = True
    plain: bool = False  # only ASCII can be shown

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
            dark=self.dark,
            variables={
                "text-muted": c["dim"],
                "text-disabled": c["dim"],
            },  # the library would fade them too far to be read
        )


def contrast(one: str, other: str) -> float:
    """The WCAG 2 contrast ratio of two "#rrggbb" colours, 1 to 21."""
    high, low = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def _luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


NAMES = (
    "text", "dim", "line", "title", "accent", "good", "busy", "bad",
    "model", "kernel", "user", "device", "shared", "free",
)  # fmt: skip
"""What the colours mean; every palette gives each of them, and ten owners."""

TABLE: Mapping[str, tuple[bool, str, str, str]] = {
    # name: (dark, background, the fourteen meanings in order, ten owners), colours without "#"
    "night": (
        True,
        "10151d",
        "dbe2ee 93a0b5 7284a1 aebbd0 7fb4ff 86d992 f2c267 ff8f86 ffe0a3 9aa8c0 93dfa0 e3a6f2 79d7e8 8a96ab",
        "8fb8ff f5b971 8fd694 e89ac7 7fd6d6 d6c66b c3a6ff ff9e8a a9c27a 9fc5d8",
    ),
    "day": (
        False,
        "fbfaf6",
        "22262e 5b6472 666f7d 3f4a5a 0b5cad 1c6b2c 7a5200 a8201a 6d4a00 4d5766 1b6630 7a2a8c 0a6274 616b79",
        "1f56b3 8a4b00 1d6a2c 99296f 0a6666 6b5a00 6a3fb5 a83a20 4d6410 2d5f7d",
    ),
    "contrast": (
        True,
        "000000",
        "ffffff d0d0d0 a8a8a8 ffffff 66ccff 55ff77 ffdd33 ff8080 ffee99 d8d8d8 88ff99 ff99ff 66ffff c0c0c0",
        "99ccff ffcc66 88ff99 ff99dd 66ffff ffff66 ccaaff ffaa88 ccff66 bbddff",
    ),
    "clear": (  # told apart with any colour vision: blues against oranges, never red against green
        True,
        "0e1116",
        "e6e6e6 a0a7b0 767f8d b9c2cd 56b4e9 56b4e9 f0e442 e69f00 f0e442 a7afb9 9ad0f5 dd9cc8 7fd0f0 8c949e",
        "56b4e9 e69f00 e6e6e6 cc79a7 8fb7ff f0e442 b0b8ff e8b26a cfd6df 9fd3e6",
    ),
}
THEMES = tuple(TABLE)


def palette(name: str, plain: bool = False) -> Palette:
    """A palette by name; Raises ValueError."""
    if name not in TABLE:
        raise ValueError(f"no theme {name!r}; there are {', '.join(THEMES)}")
    dark, background, meanings, owners = TABLE[name]
    colours = dict(zip(NAMES, (f"#{c}" for c in meanings.split()), strict=True))
    colours |= {f"owner{i}": f"#{c}" for i, c in enumerate(owners.split())}
    return Palette(f"llmos-{name}", f"#{background}", colours, dark, plain)


def night() -> Palette:
    """The default: a quiet dark room, one accent, ten owners that can be told apart."""
    return palette("night")


AUTHORS: Mapping[str, str] = {"m": "model", "K": "kernel", "u": "bold user", "d": "underline device"}
"""Who put a token there -> its style; the same in every panel."""


def author(who: str) -> str:
    return AUTHORS.get(who, "text")
