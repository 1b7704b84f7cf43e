"""Charts of numbers: lines in braille dots, bars in blocks, and the line chart as SVG.

Knows: lists of finite floats. Does not know: devices, files, screens. All functions are pure.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

WIDTH, HEIGHT = 32, 5  # characters of a line chart (each costs about three tokens); one is 2 dots wide and 4 high
BAR = 30  # characters of the longest bar
_DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))  # braille bit of (row, column) in a cell
_EIGHTHS = " ▏▎▍▌▋▊▉█"


def line(values: Sequence[float], width: int = WIDTH, height: int = HEIGHT) -> str:
    """`height` rows of braille, the highest and the lowest value written at their rows."""
    cells = [[0] * width for _ in range(height)]
    points = _scaled(values, 2 * width - 1, 4 * height - 1)
    for (x0, y0), (x1, y1) in zip(points, points[1:] or points, strict=False):
        for x, y in _between(x0, y0, x1, y1):
            cells[y // 4][x // 2] |= _DOTS[y % 4][x % 2]
    rows = ["".join(chr(0x2800 + cell) for cell in row) for row in cells]
    top, bottom = f"{max(values):.6g}", f"{min(values):.6g}"
    margin = max(len(top), len(bottom))
    labels = [top, *[""] * (height - 2), bottom]
    return "\n".join(f"{label.rjust(margin)} ┤{row}".rstrip("\u2800") for label, row in zip(labels, rows, strict=True))


def bars(pairs: Sequence[tuple[str, float]], width: int = BAR) -> str:
    """One bar for each (label, value); negative ones are drawn from the same side, with their sign."""
    longest = max(abs(value) for _, value in pairs) or 1.0
    margin = max(len(label) for label, _ in pairs)
    return "\n".join(
        f"{label.rjust(margin)} │{_bar(abs(value) / longest * width)} {value:.6g}" for label, value in pairs
    )


def svg(values: Sequence[float], title: str = "") -> str:
    """A whole SVG document, 640 by 320."""
    points = " ".join(f"{x + 60},{y + 40}" for x, y in _scaled(values, 560, 240))
    top, bottom = f"{max(values):.6g}", f"{min(values):.6g}"
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 640 320" font-family="sans-serif" font-size="12">\n'
        '<rect width="640" height="320" fill="white"/>\n'
        f'<text x="320" y="22" text-anchor="middle">{escape(title)}</text>\n'
        f'<text x="54" y="44" text-anchor="end">{top}</text>\n<text x="54" y="284" text-anchor="end">{bottom}</text>\n'
        '<path d="M60 40V280H620" fill="none" stroke="#888"/>\n'
        f'<polyline points="{points}" fill="none" stroke="#06c" stroke-width="2"/>\n</svg>\n'
    )


def _scaled(values: Sequence[float], right: int, down: int) -> list[tuple[int, int]]:
    """Points spread over 0..right and 0..down, the largest value at the top; a flat line lies in the middle."""
    low, high = min(values), max(values)
    span = high / 2 - low / 2  # halved: the difference of two huge numbers would overflow
    step = right / max(len(values) - 1, 1)
    heights = [(value / 2 - low / 2) / span if span else 0.5 for value in values]
    return [(round(i * step), round((1 - height) * down)) for i, height in enumerate(heights)]


def _between(x0: int, y0: int, x1: int, y1: int) -> list[tuple[int, int]]:
    steps = max(abs(x1 - x0), abs(y1 - y0), 1)
    return [(x0 + round((x1 - x0) * i / steps), y0 + round((y1 - y0) * i / steps)) for i in range(steps + 1)]


def _bar(length: float) -> str:
    eighths = round(length * 8)
    return "█" * (eighths // 8) + _EIGHTHS[eighths % 8].strip()
