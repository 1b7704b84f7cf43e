"""An inspector: the facts about one thing; for a token also what else was likely, and what temperature does to it.

Knows: `status.Inspection`. Does not know: where the facts come from.
"""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.widget import Widget
from textual.widgets import Static

from llmos.status import Inspection
from llmos.tui.heads import Aim, picture
from llmos.tui.paint import painted
from llmos.tui.text import Row, bar, heat, pad, probability, sanitise, wrap
from llmos.tui.theme import Palette, author

from .sheet import MARGINS, WIDEST, Sheet

NAMES = 13  # cells of a fact's name
STEPS = (0.0, 0.2, 0.5, 0.8, 1.0, 1.2, 1.5, 2.0, 3.0, 5.0)
NOTES = (
    "Only the five likeliest are kept, so the bars are shares among them; + and - move the temperature.",
    "Attention is not an explanation: it says what was read, not why this came of it.",
)


class Facts(Sheet):
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("plus,equals_sign", "warm(1)", "warmer", show=False),
        Binding("minus", "warm(-1)", "colder", show=False),
        Binding("right", "aim(1)", "next head", show=False),
        Binding("left", "aim(-1)", "head before", show=False),
        Binding("h", "turn", "layers or heads", show=False),
    ]

    def __init__(self, inspection: Inspection, palette: Palette) -> None:
        super().__init__()
        self.inspection, self.palette = inspection, palette
        self.title_text = sanitise(inspection.title)
        self.at = STEPS.index(1.0)
        self.aim = Aim()

    def body(self) -> list[Widget]:
        return [Static(id="facts")]

    def on_mount(self) -> None:
        if self.inspection.attention:
            self.query_one(VerticalScroll).border_subtitle = "down: where it looked   Esc closes"
        self._draw()

    def on_resize(self) -> None:
        self._draw()

    def action_aim(self, step: int) -> None:
        if self.inspection.attention:
            self.aim = self.aim.moved(step, self.inspection.attention)
            self._draw()

    def action_turn(self) -> None:
        self.aim = self.aim.turned()
        self._draw()

    def action_warm(self, step: int) -> None:
        self.at = min(max(0, self.at + step), len(STEPS) - 1)
        self._draw()

    def _draw(self) -> None:
        width = min(WIDEST, self.app.size.width * 9 // 10) - MARGINS
        rows = [row for f in self.inspection.facts for row in fact(f.name, f.text, f.who, width)]
        if self.inspection.top:
            rows += [(), *choices(self.inspection, STEPS[self.at]), (), *attention(self.inspection.mass), ()]
            rows += [((NOTES[0], "dim"),)]
        if self.inspection.attention:
            rows += [(), *picture(self.inspection.attention, self.aim, width)]
        if self.inspection.top or self.inspection.attention:
            rows += [((NOTES[1], "dim"),)]
        self.query_one("#facts", Static).update(painted(rows, self.palette))


def fact(name: str, text: str, who: str, width: int) -> list[Row]:
    """A name and what it says, on as many rows as that needs."""
    said = wrap(((sanitise(text), author(who) if who else "text"),), max(8, width - NAMES))
    return [((pad(sanitise(name) if not i else "", NAMES), "dim"), *row) for i, row in enumerate(said)]


def choices(inspection: Inspection, temperature: float) -> list[Row]:
    """The bars at a temperature, beside the model's own probabilities."""
    shares = warmed([p for _, p in inspection.top], temperature)
    rows: list[Row] = [
        ((f"temperature {temperature:g}", "bold accent"), ("   at 1 these are the model's own odds", "dim"))
    ]
    for (text, p), share in zip(inspection.top, shares, strict=True):
        here = text == inspection.chosen
        rows.append(
            (
                ("▶ " if here else "  ", "accent"),
                (pad(f'"{sanitise(text)}"', 18), "bold model" if here else "text"),
                (bar(share, 30), "model" if here else "dim"),
                (f" {probability(share)}", "text"),
                (f"   was {probability(p)}", "dim"),
            )
        )
    return rows


def warmed(probabilities: list[float], temperature: float) -> list[float]:
    """The same odds at another temperature: p^(1/T), and their sum made 1. At 0 the first takes all."""
    if temperature == 0:
        best = max(probabilities)
        first = probabilities.index(best)
        return [float(i == first) for i in range(len(probabilities))]
    powers = [p ** (1 / temperature) if p > 0 else 0.0 for p in probabilities]
    total = sum(powers) or 1.0
    return [p / total for p in powers]


def attention(mass: tuple[float, ...]) -> list[Row]:
    """Where the query that chose it looked, a bar a page."""
    if not mass:
        return []
    peak = max(mass) or 1.0
    best = sorted(range(len(mass)), key=lambda i: -mass[i])[:3]
    words = ", ".join(f"page {i} {mass[i]:.0%}" for i in best)
    return [(("attended     ", "dim"), ("".join(heat(m / peak) for m in mass[-80:]), "model"), (f"  {words}", "text"))]
