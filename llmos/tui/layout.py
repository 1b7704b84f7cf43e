"""Where the panels are: a pure function from a terminal's size to rectangles.

Knows: the two layouts of the machine room. Does not know: widgets. Rectangles never overlap and fill the screen.
"""

from __future__ import annotations

from collections.abc import Sequence

from textual.geometry import Region

from .desk import Desk

LEAST = (80, 24)
ROOMY = (120, 40)
TABS = ("processes", "pages", "timeline", "devices", "log", "boot", "window", "disk")
"""Panels 1 to 8: a digit shows one in the small layout and goes to it in the large one."""
ORDER = ("boot", "cpu", "ram", "processes", "pages", "disk", "window", "timeline", "devices", "console", "log")
"""Reading order, which is the order of Tab."""

LAYOUTS: dict[str, tuple[tuple[str, ...], ...]] = {
    "room": (("cpu", "ram"), ("processes", "pages", "disk"), ("timeline", "devices"), ("console", "log")),
    "memory": (("ram", "window"), ("pages", "disk"), ("processes", "devices"), ("console", "log")),
    "calls": (("cpu", "log"), ("processes", "window"), ("timeline", "devices"), ("console",)),
    "scheduler": (("timeline", "cpu"), ("processes", "pages"), ("log", "devices"), ("console",)),
}
"""Four bands of panels each, for the large layout. The console is in all; a third panel is where there is room for it."""
SHARES = (0.5, 0.55, 0.62, 0.6)  # of the left panel of each band
THREE = (0.42, 0.72)  # where the second and the third of three panels begin
WIDE = 160  # cells from which on three panels stand side by side

Places = dict[str, Region]


def is_small(width: int, height: int) -> bool:
    return width < ROOMY[0] or height < ROOMY[1]


def is_cramped(width: int, height: int) -> bool:
    """Is there no room for anything but a line that says so?"""
    return width < LEAST[0] or height < LEAST[1]


def arrange(width: int, height: int, desk: Desk) -> Places:
    """Name of a panel -> its rectangle; panels that are missing are hidden."""
    if is_cramped(width, height):
        return {"size": Region(0, 0, width, height)}
    body = Region(0, 1, width, height - 4)
    if desk.zoom:
        places = {desk.zoom: body}
    elif is_small(width, height):
        places = _tabbed(body, desk)
    else:
        places = _roomy(body, desk)
    bars = {
        "banner": Region(0, 0, width, 1),
        "laststop": Region(0, height - 3, width, 1),
        "transport": Region(0, height - 2, width, 2),
    }
    return bars | places


def _roomy(body: Region, desk: Desk) -> Places:
    spare = body.height - 36
    tops = [13 + spare // 4, 7 + spare // 4, 6 + (spare // 8 if spare > 16 else 0)]
    bands = _rows(body, tops)
    if desk.testing:
        upper = {"boot": Region(body.x, body.y, body.width, bands[0].height + bands[1].height)}
        return upper | _bands(bands[2:], LAYOUTS["room"][2:], SHARES[2:])
    return _bands(bands, LAYOUTS[desk.layout], SHARES)


def _bands(bands: Sequence[Region], names: Sequence[tuple[str, ...]], shares: Sequence[float]) -> Places:
    places: Places = {}
    for band, panels, share in zip(bands, names, shares, strict=True):
        shown = panels if band.width >= WIDE else panels[:2]
        places |= _columns(band, shown, THREE if len(shown) > 2 else (share,) if len(shown) > 1 else ())
    return places


def _tabbed(body: Region, desk: Desk) -> Places:
    spare = body.height - 20
    first, second, third = _rows(body, [7 + spare // 4, 6 + spare // 4])
    if desk.testing:
        return {"boot": Region(body.x, body.y, body.width, first.height + second.height), "console": third}
    return _columns(first, ("cpu", "ram"), (0.5,)) | {desk.tab: second, "console": third}


def _rows(body: Region, heights: list[int]) -> list[Region]:
    """Bands from the top; the last one takes what is left."""
    bands, y = [], body.y
    for height in heights:
        bands.append(Region(body.x, y, body.width, height))
        y += height
    return [*bands, Region(body.x, y, body.width, body.bottom - y)]


def _columns(band: Region, names: Sequence[str], begins: Sequence[float]) -> Places:
    """Panels side by side; `begins` has where each but the first begins, as a part of the width."""
    edges = [0, *(round(band.width * begin) for begin in begins), band.width]
    return {
        name: Region(band.x + left, band.y, right - left, band.height)
        for name, left, right in zip(names, edges[:-1], edges[1:], strict=True)
    }
