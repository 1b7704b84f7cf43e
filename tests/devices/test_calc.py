"""The calculator: known values, random sums against fractions, hostile sums in time."""

from __future__ import annotations

import math
import random
import time
from contextlib import suppress
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmos.devices.base import Context, DeviceError
from llmos.devices.calc import Calculator, number

from .helpers import accepts, ask, refusal
from .walk import sentences

CALC = Calculator()

KNOWN = {
    "1 cubic meter in liters": "1000 liters",
    "2 m3 to l": "2000 l",
    "10 square feet in square meters": "0.9290304 square meters",
    "3 m^2 in cm²": "30000 cm²",
    "1 acre in sq ft": "43560 sq ft",
    "5'11\" in cm": "180.34 cm",
    "1'000 m in km": "1 km",
    "8 fl oz in ml": "236.5882365 ml",
    "1 nautical mile in km": "1.852 km",
    "1 kilowatt hour in joules": "3600000 joules",
    "500 kcal to kJ": "2092 kJ",
    "2 atm in kPa": "202.65 kPa",
    "90 degrees in radians": "≈1.57079632679 radians",
    "60 miles per hour in km/h": "96.56064 km/h",
    "3 GHz in MHz": "3000 MHz",
    "asin(1)": "≈1.57079632679",
    "arctan 1": "≈0.785398163397",
    "cosh(0)": "1",
    "degrees(pi)": "≈180",
    "C(5, 2)": "10",
    "max(3; 7)": "7",
    "50 with a 20% discount": "40",
    "37*48": "1776",
    "37 x 48": "1776",
    "37x48": "1776",
    "37 × 48": "1776",
    "37 * 48 =": "1776",
    "What is 37 times 48?": "1776",
    "6 ÷ 4": "1.5",
    "5 − 8": "-3",
    "2^10": "1024",
    "2**10": "1024",
    "2^3^2": "512",
    "-2^2": "-4",
    "(-2)^2": "4",
    "2^-1": "0.5",
    "0.1 + 0.2": "0.3",
    "1/8": "0.125",
    "1/3": "≈0.333333333333",
    "2/3*3": "2",
    "15% of 80": "12",
    "25 percent of 200": "50",
    "200 + 10%": "220",
    "200 - 10%": "180",
    "20% off 80": "64",
    "10%": "0.1",
    "5% + 5%": "0.1",
    "10 % 3": "1",
    "-7 mod 3": "2",
    "7 // 2": "3",
    "1,234,567 + 1": "1234568",
    "max(1,234, 5)": "234",
    "sqrt(1,000,000)": "1000",
    "square root of 144": "12",
    "√16": "4",
    "sqrt(2)": "≈1.41421356237",
    "cbrt(-27)": "-3",
    "8^(1/3)": "2",
    "2(3+4)": "14",
    "2pi": "≈6.28318530718",
    "5!": "120",
    "factorial(20)": "2432902008176640000",
    "170!/168!": "28730",
    "gcd(12, 18)": "6",
    "lcm(4, 6)": "12",
    "min(3, 1, 2)": "1",
    "mean(1, 2, 6)": "3",
    "round(2.5)": "3",
    "round(-2.5)": "-3",
    "round(3.14159, 2)": "3.14",
    "floor(-2.5)": "-3",
    "ceil(-2.5)": "-2",
    "abs(-3)": "3",
    "log(1000)": "3",
    "log(8, 2)": "3",
    "log2(1024)": "10",
    "ln(e)": "≈1",
    "exp(0)": "1",
    "sin(30°)": "≈0.5",
    "cos(0)": "1",
    "5 km in miles": "≈3.10685596119 miles",
    "100 f in c": "≈37.7777777778 c",
    "0 c to f": "32 f",
    "10 in in cm": "25.4 cm",
    "(1+2) kg in g": "3000 g",
    "1e3 + 1": "1001",
    "$5.50 + $3": "8.5",
}

HOSTILE = [
    "asin(2)",
    "sinh(100000)",
    "1 m2 in m3",
    "3 + 4; 5 + 6",
    "1 kwh in kw",
    "",
    " ",
    "()",
    "1+",
    "*1",
    "1 2",
    "1..2",
    "(" * 900,
    "-" * 900 + "1",
    "((((((1)",
    "1/0",
    "0^-1",
    "10 mod 0",
    "9^9^9^9",
    "9**99999999999",
    "2^(10^100)",
    "1.000001^1e9",
    "99999!",
    "3!!!!!!",
    "factorial(1e1000)",
    "factorial(-1)",
    "1e99999",
    "exp(1e9)",
    "exp(exp(1000))",
    "sqrt(-1)",
    "ln(0)",
    "log(5, 1)",
    "tan(pi/2)",
    "sin(1e300)",
    "round(1, 10^9)",
    "gcd(1.5, 2)",
    "lcm(10^400+1, 10^401+3, 10^402+7, 10^403+9)",
    "max()",
    "sqrt(1, 2)",
    "__import__('os').system('id')",
    "open('/etc/passwd')",
    "lambda: 0",
    "1 if 1 else 2",
    "0x1F",
    "1; 2",
    "\0",
    "\ud800",
    "𝟙𝟚+",
    "٣ + x",
    "5 km in kg",
    "5 blah in km",
    "1" * 5000,
    "1 in in in in in",
    "a" * 1000,
    ",,,,",
]


@pytest.mark.parametrize("text", KNOWN)
def test_known_values(text: str) -> None:
    assert ask(CALC, text) == KNOWN[text]


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: ascii(text[:20]))
def test_hostile_sums_are_refused_in_one_line_and_in_time(text: str) -> None:
    began = time.process_time()
    assert refusal(CALC, text)
    assert time.process_time() - began < 0.5


def test_large_whole_numbers_are_exact() -> None:
    assert ask(CALC, "2^4000") == str(2**4000)
    assert ask(CALC, "300!") == str(math.factorial(300))
    assert ask(CALC, f"{7**300} * {11**200}") == str(7**300 * 11**200)


def test_a_result_is_labelled_with_its_device() -> None:
    assert CALC.call("1+1", Context()).origin == "calc"


@st.composite
def sums(draw: st.DrawFn, depth: int = 3) -> tuple[str, Fraction]:
    """A written sum and its value, worked out beside the calculator."""
    kind = draw(st.sampled_from("nnbpup" if depth else "n"))
    if kind == "n":
        n = Fraction(draw(st.integers(0, 99999))) / draw(st.sampled_from([1, 1, 10, 100]))
        return (str(n.numerator) if n.denominator == 1 else str(float(n))), n
    if kind == "p":
        text, value = draw(sums(depth - 1))
        return f"({text})", value
    if kind == "u":
        text, value = draw(sums(depth - 1))
        return f"-({text})", -value
    (left, a), (right, b) = draw(sums(depth - 1)), draw(sums(depth - 1))
    operator = draw(st.sampled_from("+-*/"))
    if operator == "/" and b == 0:
        operator = "*"
    values = {"+": lambda: a + b, "-": lambda: a - b, "*": lambda: a * b, "/": lambda: a / b}
    gap = draw(st.sampled_from(["", " "]))
    return f"({left}){gap}{operator}{gap}({right})", values[operator]()


@given(sums())
def test_random_sums_agree_with_fractions(made: tuple[str, Fraction]) -> None:
    text, value = made
    result = ask(CALC, text)
    if result.startswith("≈"):
        assert math.isclose(number(result) or 0, float(value), rel_tol=1e-11)
    else:
        assert Fraction(result) == value


@given(st.text(alphabet=st.sampled_from("0123456789.+-*/^()%!, eπx√²kmsinqrtlogpi"), max_size=60))
def test_nothing_but_a_result_or_a_device_error_comes_out(text: str) -> None:
    began = time.process_time()
    with suppress(DeviceError):
        assert "\n" not in ask(CALC, text)
    assert time.process_time() - began < 1


@pytest.mark.parametrize(
    ("text", "value"), [("≈0.25 km", 0.25), ("-3", -3.0), ("≈1.5e+30", 1.5e30), ("nothing", None), ("12.50", 12.5)]
)
def test_a_result_can_be_read_back(text: str, value: float | None) -> None:
    assert number(text) == value


@pytest.mark.parametrize(
    "text", ["37*48", "15% of 80", "(1 + 2)*-3", "max(1, 2, 3)", "2^10", "5 km in miles", "sqrt(2)"]
)
def test_grammar_accepts_sums(text: str) -> None:
    assert accepts(CALC.grammar, text)


@pytest.mark.parametrize("text", ["", "1+", "what", "max(1,", "1 km in", "import os", "5 km in kg", "))"])
def test_grammar_rejects_other_text(text: str) -> None:
    assert not accepts(CALC.grammar, text)


def test_what_the_grammar_allows_is_never_a_syntax_error() -> None:
    """Random walks through the grammar, byte by byte, end in sums that the parser can read."""
    syntax = ("can't read", "expected", "missing", "not complete", "don't know")
    for text in sentences(CALC.grammar, random.Random(5), count=150):
        assert not refusal(CALC, text).startswith(syntax), text
