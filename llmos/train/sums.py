"""Dialogues that need the calculator: the expression in the call is the lesson, the value comes from exact arithmetic.

Knows: ways to ask for sums, and fractions. Does not know: the calc device (values are computed here with Fraction).
"""

from __future__ import annotations

import re
from decimal import Decimal, localcontext
from fractions import Fraction
from math import isqrt
from random import Random

from . import lexicon
from .dialogue import Call, Exchange, Maker, Say, ask, expand
from .wording import table, ways

PAIRS = (("+", "sums.plus"), ("-", "sums.minus"), ("*", "sums.times"), ("/", "sums.over"))
PLAIN = (("*", "times"), ("+", "plus"), ("-", "minus"), ("/", "over"))
ORDERS = (("+", "sums.add"), ("-", "sums.subtract"), ("*", "sums.multiply"), ("/", "sums.divide"))
DIGITS = 12
"""Significant digits of a value that has no end."""

UNITS = {
    "km": ("length", Fraction(1000)), "m": ("length", Fraction(1)), "cm": ("length", Fraction(1, 100)),
    "mm": ("length", Fraction(1, 1000)), "miles": ("length", Fraction(1609344, 1000)),
    "feet": ("length", Fraction(3048, 10000)), "inches": ("length", Fraction(254, 10000)),
    "yards": ("length", Fraction(9144, 10000)), "kg": ("mass", Fraction(1)), "g": ("mass", Fraction(1, 1000)),
    "pounds": ("mass", Fraction(45359237, 10**8)), "ounces": ("mass", Fraction(28349523125, 10**12)),
    "seconds": ("time", Fraction(1)), "minutes": ("time", Fraction(60)), "hours": ("time", Fraction(3600)),
    "days": ("time", Fraction(86400)), "weeks": ("time", Fraction(604800)),
}  # fmt: skip
"""Name to (kind, how many base units)."""

STORIES = tuple((op, pattern) for op, name in PLAIN for pattern in table("wording.toml")["stories"][name])
"""Word problems of one step."""


def reply(expression: str, value: Fraction | None, unit: str = "") -> tuple[Say | Call, ...]:
    """The call and the sentence after it; `value` None is a division by zero."""
    if value is None:
        error = "error: division by zero"
        return Call("calc", expression, error), failed(error)
    shown = f"{written(value)} {unit}".rstrip()
    return Call("calc", expression, shown), Say(f"The answer is {shown.replace('≈', 'about ')}.")


def failed(error: str) -> Say:
    return Say(f"That did not work: {error.removeprefix('error: ')}.")


def written(value: Fraction) -> str:
    """As the device writes it: an integer, a decimal that ends, or "≈" and 12 digits."""
    if value.denominator == 1:
        return str(value.numerator)
    with localcontext() as context:
        context.prec = 60
        whole = Decimal(value.numerator) / Decimal(value.denominator)
        context.prec = DIGITS
        return f"{whole:f}" if Fraction(whole) == value else f"≈{(+whole).normalize():f}"


def operand(rng: Random, most: int = 4) -> tuple[str, Fraction]:
    """A number as it is written, and its value."""
    n = lexicon.number(rng, most)
    if rng.random() < 0.12:
        n = int(str(n)[0] * len(str(n))) if rng.random() < 0.3 else round(n, 1 - len(str(n)))  # 777, 3000
    if rng.random() < 0.12:
        text = f"{n}.{rng.randint(1, 99):02d}".rstrip("0")
        return text, Fraction(text)
    return str(n), Fraction(n)


def apply(op: str, a: Fraction, b: Fraction) -> Fraction | None:
    if op == "/":
        return a / b if b else None
    return {"+": a + b, "-": a - b, "*": a * b}[op]


def pair(rng: Random) -> Exchange:
    """Two numbers, one operation."""
    op, form = rng.choice(PAIRS)
    (a, x), (b, y) = operand(rng), operand(rng)
    request = ask(rng, f"{ways('sums.lead')} {ways(form)}[?|?|]", a=a, b=b)
    return Exchange(request, reply(f"{a}{op}{b}", apply(op, x, y)))


def command(rng: Random) -> Exchange:
    """An order: "subtract 5 from 9" names the numbers the other way round."""
    op, key = rng.choice(ORDERS)
    (a, x), (b, y) = operand(rng), operand(rng)
    return Exchange(ask(rng, ways(key) + "[?|.||]", a=a, b=b), reply(f"{a}{op}{b}", apply(op, x, y)))


def in_words(rng: Random) -> Exchange:
    """Numbers spelled out: the call is in digits."""
    op, key = rng.choice(PAIRS)
    most = rng.choice([12, 20, 99])
    a, b = rng.randint(0, most), rng.randint(1, most)
    form = expand(rng, ways(key))
    while any(mark in form for mark in "+-*/x×÷"):
        form = expand(rng, ways(key))
    request = ask(rng, f"{ways('sums.lead')} {form}[?|]", a=lexicon.spelled(a), b=lexicon.spelled(b))
    return Exchange(request, reply(f"{a}{op}{b}", apply(op, Fraction(a), Fraction(b))))


def chain(rng: Random) -> Exchange:
    """Three or four numbers, written as a sum, with or without brackets and spaces."""
    terms = [operand(rng, 3) for _ in range(rng.randint(3, 4))]
    ops = [rng.choice("+-*") for _ in terms[1:]]
    parts = [terms[0][0]]
    for op, (text, _) in zip(ops, terms[1:], strict=True):
        parts += [op, text]
    if rng.random() < 0.5:
        at = 2 * rng.randrange(len(ops))
        parts[at], parts[at + 2] = f"({parts[at]}", f"{parts[at + 2]})"
    expression = "".join(parts)
    value = exact(expression)
    shown = " ".join(parts) if rng.random() < 0.5 else expression
    return Exchange(ask(rng, f"{ways('sums.lead')} {{x}}[?|?| =| = ?|]", x=shown), reply(expression, value))


def exact(expression: str) -> Fraction:
    """The value of an expression of our own making: numbers, + - * and brackets, by recursive descent."""
    tokens = re.findall(r"\d+(?:\.\d+)?|[-+*()]", expression)

    def sum_() -> Fraction:
        value = product()
        while tokens and tokens[0] in "+-":
            value = value + product() if tokens.pop(0) == "+" else value - product()
        return value

    def product() -> Fraction:
        value = atom()
        while tokens and tokens[0] == "*":
            tokens.pop(0)
            value *= atom()
        return value

    def atom() -> Fraction:
        token = tokens.pop(0)
        if token != "(":
            return Fraction(token)
        value = sum_()
        tokens.pop(0)
        return value

    return sum_()


def total(rng: Random) -> Exchange:
    """Add or average a list."""
    numbers = [lexicon.number(rng, 3) for _ in range(rng.randint(3, 6))]
    listed = ", ".join(map(str, numbers[:-1])) + rng.choice([" and ", ", ", ", and "]) + str(numbers[-1])
    if rng.random() < 0.6:
        request = ask(rng, ways("sums.total") + " {x}[?|.|]", x=listed)
        return Exchange(request, reply("+".join(map(str, numbers)), Fraction(sum(numbers))))
    request = ask(rng, ways("sums.mean") + " {x}[?|]", x=listed)
    return Exchange(request, reply(f"mean({', '.join(map(str, numbers))})", Fraction(sum(numbers), len(numbers))))


def percent(rng: Random) -> Exchange:
    """A share of a number."""
    part, whole = rng.choice([5, 10, 12, 15, 20, 25, 30, 50, 75, 90, rng.randint(1, 99)]), lexicon.number(rng)
    request = ask(rng, f"{ways('sums.lead')} {ways('sums.percent')} of {{w}}[?|]", p=str(part), w=str(whole))
    return Exchange(request, reply(f"{part}% of {whole}", Fraction(whole * part, 100)))


def power(rng: Random) -> Exchange:
    """Squares, cubes, powers and square roots of squares."""
    if rng.random() < 0.3:
        root = lexicon.number(rng, 3)
        square = root * root
        request = ask(rng, f"{ways('sums.lead')} {ways('sums.root')} {{a}}[?|]", a=str(square))
        return Exchange(request, reply(f"sqrt({square})", Fraction(isqrt(square))))
    base, exponent = lexicon.number(rng, 2), rng.choice([2, 2, 3, 3, 4, 5, 6, 8, 10])
    special = {2: "sums.squared", 3: "sums.cubed"}.get(exponent)
    form = ways(special if special and rng.random() < 0.7 else "sums.power")
    request = ask(rng, f"{ways('sums.lead')} {form}[?|]", a=str(base), n=str(exponent))
    return Exchange(request, reply(f"{base}^{exponent}", Fraction(base**exponent)))


def story(rng: Random) -> Exchange:
    """One-step word problems."""
    first, second = lexicon.number(rng, 3) + 2, lexicon.number(rng, 2) + 2
    who, other = rng.sample(lexicon.words("names"), 2)
    op, pattern = rng.choice(STORIES)
    if op == "-":  # nobody gives away more than there is
        first, second = max(first, second), min(first, second)
    request = ask(rng, pattern, a=str(first), b=str(second), w=who, v=other, t=rng.choice(lexicon.words("things")))
    return Exchange(request, reply(f"{first}{op}{second}", apply(op, Fraction(first), Fraction(second))))


def conversion(rng: Random) -> Exchange:
    """A length, mass or time in another unit."""
    a = rng.choice(tuple(UNITS))
    b = rng.choice([name for name in UNITS if UNITS[name][0] == UNITS[a][0] and name != a])
    text, value = operand(rng, 3)
    pattern = ways("sums.convert") + "[?|]"
    request = ask(rng, pattern, n=text, a=a, b=b)
    return Exchange(request, reply(f"{text} {a} in {b}", value * UNITS[a][1] / UNITS[b][1], b))


MAKERS: tuple[tuple[int, Maker], ...] = (
    (8, pair),
    (3, command),
    (3, in_words),
    (4, chain),
    (2, total),
    (2, percent),
    (3, power),
    (3, story),
    (2, conversion),
)
