"""The plotter: where dots fall, what is refused, and that the SVG is one."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmos.devices import charts
from llmos.devices.plot import Plot

from .helpers import accepts, ask, refusal


@pytest.fixture
def plot(tmp_path: Path) -> Plot:
    return Plot(tmp_path)


def test_a_rising_line_goes_from_the_lower_left_to_the_upper_right(plot: Plot) -> None:
    rows = ask(plot, "1 2 3 4").split("\n")
    assert len(rows) == charts.HEIGHT
    assert rows[0].startswith("4 ┤")
    assert rows[-1].startswith("1 ┤")
    starts = [next(i for i, c in enumerate(row) if "\u2800" < c <= "\u28ff") for row in rows]
    assert starts == sorted(starts, reverse=True)


def test_bars_are_as_long_as_their_numbers(plot: Plot) -> None:
    tea, milk = ask(plot, "tea=3, milk=6").split("\n")
    assert tea == " tea │" + "█" * (charts.BAR // 2) + " 3"
    assert milk == "milk │" + "█" * charts.BAR + " 6"


def test_svg_goes_to_the_home_folder(plot: Plot, tmp_path: Path) -> None:
    assert "wrote c.svg" in ask(plot, "1, 4, 9 to c.svg")
    root = ElementTree.fromstring((tmp_path / "c.svg").read_text(encoding="utf-8"))
    line = root.find("{http://www.w3.org/2000/svg}polyline")
    assert line is not None
    assert len(line.attrib["points"].split()) == 3
    assert refusal(plot, "1 2 to ../c.svg")
    assert refusal(plot, "1 2 to /tmp/c.svg")


HOSTILE = [
    "",
    "1",
    "a b",
    "1 2 nan",
    "1 inf",
    "1e999 2",
    "a=1 b",
    "=",
    "a=x",
    "a==1",
    "1 2 to x.png",
    "__import__('os') 1",
    "\0",
]


@pytest.mark.parametrize("text", [*HOSTILE, "1 " * 3000, "٣ ٤", "\ud800", " ".join(f"a{n}=1" for n in range(50))])
def test_hostile_data_is_refused_in_one_line(plot: Plot, text: str) -> None:
    assert refusal(plot, text)


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=2, max_size=50))
def test_every_finite_list_has_charts(values: list[float]) -> None:
    rows = charts.line(values).split("\n")
    assert len(rows) == charts.HEIGHT
    assert any("\u2800" < c <= "\u28ff" for row in rows for c in row)
    ElementTree.fromstring(charts.svg(values, "<&>"))
    assert len(charts.bars([("x", value) for value in values]).split("\n")) == len(values)


@pytest.mark.parametrize(
    ("text", "legal"),
    [
        *[("1 2 3", True), ("a=1 b=2", True), ("1 2 to x.svg", True), ("1", False), ("x", False)],
        *[("milk=5 tea=3", True), ("to=1, tomatoes=2 to to.svg", True), ("a=1 to b", False)],
    ],
)
def test_grammar(text: str, legal: bool) -> None:
    assert accepts(Plot.grammar, text) is legal
