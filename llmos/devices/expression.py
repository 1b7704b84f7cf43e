"""Sums as people and models write them, read into an exact number. A tokenizer and a precedence parser; never `eval`.

Knows: operators, functions, constants, percent, thousands separators. Does not know: words and phrases (`wording.py`), units
(`units.py`), how numbers are computed (`exact.py`). It evaluates while it parses. Loosest to tightest:

    + -     * / // mod of, and nothing at all: 2(3), 2pi     unary -     ^ **     ! % ° ²     ( ) functions
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from functools import reduce
from typing import NamedTuple

from . import exact
from .base import DeviceError
from .exact import PI, Number
from .wording import plain

MAX_LENGTH = 1000  # characters
MAX_DEPTH = 50  # of brackets, signs and powers inside each other
MAX_EXPONENT = 1000  # of a literal such as 1e1000

E = Decimal("2.7182818284590452353602874713526624977572470937000")

_TOKEN = re.compile(
    r"\s*(?:(?P<number>(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?)|(?P<name>[a-z]+\d*)|(?P<op>\*\*|//|[-+*/^()!%°²³√,]))"
)
_GROUPED = re.compile(r"\s*(?P<number>\d{1,3}(?:,\d{3})+(?:\.\d+)?(?![\d,]))")


_WORDS = ("mod", "of", "off")


class _Function(NamedTuple):
    low: int  # fewest values
    high: int  # most values
    value: Callable[..., Number]


def _folded(function: Callable[[int, int], int], name: str) -> Callable[..., Number]:
    return lambda *args: exact.checked(Fraction(reduce(function, (exact.whole(a, name) for a in args))))


def _lcm(a: int, b: int) -> int:
    return exact.whole(exact.checked(Fraction(math.lcm(a, b))), "lcm")


MANY = 100
FUNCTIONS = {
    "sqrt": _Function(1, 1, lambda a: exact.root(a, Fraction(2))),
    "cbrt": _Function(1, 1, lambda a: exact.root(a, Fraction(3))),
    "root": _Function(2, 2, exact.root),
    "abs": _Function(1, 1, abs),
    "factorial": _Function(1, 1, exact.factorial),
    "floor": _Function(1, 1, lambda a: Fraction(math.floor(a))),
    "ceil": _Function(1, 1, lambda a: Fraction(math.ceil(a))),
    "round": _Function(1, 2, exact.rounded),
    "ln": _Function(1, 1, lambda a: exact.logarithm(a, E)),
    "log": _Function(1, 2, lambda a, base=Fraction(10): exact.logarithm(a, base)),
    "log2": _Function(1, 1, lambda a: exact.logarithm(a, Fraction(2))),
    "log10": _Function(1, 1, lambda a: exact.logarithm(a, Fraction(10))),
    "exp": _Function(1, 1, exact.exponential),
    "sin": _Function(1, 1, exact.trigonometric(math.sin)),
    "cos": _Function(1, 1, exact.trigonometric(math.cos)),
    "tan": _Function(1, 1, exact.trigonometric(math.tan)),
    "asin": _Function(1, 1, exact.inexact(math.asin)),
    "acos": _Function(1, 1, exact.inexact(math.acos)),
    "atan": _Function(1, 1, exact.inexact(math.atan)),
    "sinh": _Function(1, 1, exact.inexact(math.sinh)),
    "cosh": _Function(1, 1, exact.inexact(math.cosh)),
    "tanh": _Function(1, 1, exact.inexact(math.tanh)),
    "degrees": _Function(1, 1, lambda a: exact.divide(exact.multiply(a, Fraction(180)), PI)),
    "radians": _Function(1, 1, lambda a: exact.divide(exact.multiply(a, PI), Fraction(180))),
    "min": _Function(1, MANY, lambda *args: min(args)),
    "max": _Function(1, MANY, lambda *args: max(args)),
    "sum": _Function(1, MANY, lambda *args: reduce(exact.add, args)),
    "mean": _Function(1, MANY, lambda *args: exact.divide(reduce(exact.add, args), Fraction(len(args)))),
    "gcd": _Function(1, MANY, _folded(math.gcd, "gcd")),
    "lcm": _Function(1, MANY, _folded(_lcm, "lcm")),
    "product": _Function(1, MANY, lambda *args: reduce(exact.multiply, args)),
    "median": _Function(1, MANY, exact.median),
    "ratio": _Function(2, 2, lambda a, b: exact.multiply(exact.divide(a, b), Fraction(100))),  # in percent
    "pow": _Function(2, 2, exact.power),
    "mod": _Function(2, 2, exact.modulo),
    "binomial": _Function(2, 2, exact.binomial),
    "hypot": _Function(
        2, 2, lambda a, b: exact.root(exact.add(exact.multiply(a, a), exact.multiply(b, b)), Fraction(2))
    ),
    "int": _Function(1, 1, lambda a: Fraction(math.trunc(a))),
}
OTHER_NAMES = {
    "average": "mean",
    "avg": "mean",
    "maximum": "max",
    "minimum": "min",
    "power": "pow",
    "ncr": "binomial",
    "comb": "binomial",
    "choose": "binomial",
    "gcf": "gcd",
    "trunc": "int",
    "ceiling": "ceil",
    "arcsin": "asin",
    "arccos": "acos",
    "arctan": "atan",
    "fact": "factorial",
    "c": "binomial",
}
CONSTANTS = {"pi": PI, "e": E}


class _Token(NamedTuple):
    kind: str  # "number" | "name" | "op" | "end"
    text: str


class _Value(NamedTuple):
    number: Number
    percent: bool = False  # written as "10%": `200 + 10%` adds ten percent of 200


def evaluate(text: str) -> Number:
    """The value of a sum. Call inside `exact.context()`. Raises DeviceError for anything it can't read or compute."""
    if len(text) > MAX_LENGTH:
        raise DeviceError(f"too long: at most {MAX_LENGTH} characters")
    if re.search(r"(?<![\d.])0x[\da-f]", text, re.I):
        raise DeviceError("hexadecimal is not read; write decimal numbers")
    parser = _Parser(_tokens(plain(text)))
    value = parser.sum().number
    parser.expect("end", "")
    return value


def _tokens(text: str) -> list[_Token]:
    tokens: list[_Token] = []
    lists: list[bool] = []  # for each open bracket: do commas separate values in it?
    at = 0
    while at < len(text):
        match = None if lists and lists[-1] else _GROUPED.match(text, at)
        match = match or _TOKEN.match(text, at)
        if not match:
            raise DeviceError(f"can't read {text[at:].strip()[:20]!r}")
        kind = match.lastgroup or ""
        if match[kind] == "(":
            function = _function(tokens[-1].text) if tokens else None
            lists.append(function is not None and function.high > 1)
        elif match[kind] == ")" and lists:
            lists.pop()
        tokens.append(_Token(kind, match[kind].replace(",", "") if kind == "number" else match[kind]))
        at = match.end()
    return [*tokens, _Token("end", "")]


class _Parser:
    """Owns the position in the tokens. Each method reads one level of precedence and returns its value."""

    def __init__(self, tokens: list[_Token]) -> None:
        self.tokens = tokens
        self.at = 0
        self.depth = 0

    def peek(self) -> _Token:
        return self.tokens[self.at]

    def accept(self, *texts: str) -> str:
        """The next token's text if it is an operator or word among `texts`, consumed; else ""."""
        token = self.peek()
        if token.kind in ("op", "name") and token.text in texts:
            self.at += 1
            return token.text
        return ""

    def expect(self, kind: str, text: str) -> None:
        token = self.peek()
        if (token.kind, token.text) != (kind, text):
            wanted = repr(text) if text else "the end"
            raise DeviceError(f"expected {wanted} but found {repr(token.text[:20]) if token.text else 'the end'}")
        self.at += 1

    def sum(self) -> _Value:
        left = self.product()
        while sign := self.accept("+", "-"):
            right = self.product()
            number = right.number
            if right.percent and not left.percent:
                number = exact.multiply(left.number, number)
            if sign == "-":
                number = exact.multiply(Fraction(-1), number)
            left = _Value(exact.add(left.number, number))
        return left

    def product(self) -> _Value:
        left = self.unary()
        while (operator := self.accept("*", "/", "//", "%", "mod", "of", "off")) or self.begins_implicit():
            right = self.unary().number
            left = _Value(_product(operator or "*", left.number, right))
        return left

    def begins_implicit(self) -> bool:
        """Does an operand follow with nothing between, as in 2(3) or 2pi?"""
        token = self.peek()
        return token.text not in _WORDS if token.kind == "name" else token.text in ("(", "√")

    def unary(self) -> _Value:
        self.enter()
        if sign := self.accept("-", "+"):
            value = self.unary()
            value = _Value(exact.multiply(Fraction(-1), value.number), value.percent) if sign == "-" else value
        else:
            value = self.power()
        self.depth -= 1
        return value

    def power(self) -> _Value:
        base = self.postfix()
        if self.accept("^", "**"):
            return _Value(exact.power(base.number, self.unary().number))
        return base

    def postfix(self) -> _Value:
        number, percent = self.atom(), False
        while True:
            if self.accept("!"):
                number, percent = exact.factorial(number), False
            elif squares := self.accept("²", "³"):
                number, percent = exact.power(number, Fraction(2 if squares == "²" else 3)), False
            elif self.accept("°"):
                number, percent = exact.multiply(number, exact.divide(PI, Fraction(180))), False
            elif self.peek() == _Token("op", "%") and not self.is_modulo():
                self.at += 1
                number, percent = exact.divide(number, Fraction(100)), True
            else:
                return _Value(number, percent)

    def is_modulo(self) -> bool:
        """`7 % 3` is a remainder; `7%`, `7% of 3` and `7% + 3` are percent."""
        after = self.tokens[self.at + 1]
        if after.kind == "name":
            return after.text not in _WORDS
        return after.kind == "number" or after.text in ("(", "√")

    def atom(self) -> Number:
        token = self.peek()
        self.at += token.kind != "end"
        if token.kind == "number":
            return _literal(token.text)
        if token.text == "√":
            return exact.root(self.operand(), Fraction(2))
        if token.text == "(":
            value = self.sum().number
            self.expect("op", ")")
            return value
        if token.kind == "name":
            return self.named(token.text)
        raise DeviceError(f"a number is missing before {token.text!r}" if token.text else "the sum is not complete")

    def operand(self) -> Number:
        """What a root sign or a function without brackets takes: `sqrt 16`, `√2`."""
        self.enter()
        number = self.power().number
        self.depth -= 1
        return number

    def named(self, name: str) -> Number:
        if name in CONSTANTS:
            return CONSTANTS[name]
        function = _function(name)
        if function is None:
            raise DeviceError(f"don't know {name[:20]!r}; functions: {' '.join(FUNCTIONS)}")
        values = self.values() if self.accept("(") else [self.operand()]
        if not function.low <= len(values) <= function.high:
            raise DeviceError(f"{name} takes {function.low} value{'s' * (function.low > 1)}, not {len(values)}")
        return function.value(*values)

    def values(self) -> list[Number]:
        found = [self.sum().number]
        while self.accept(","):
            found.append(self.sum().number)
        self.expect("op", ")")
        return found

    def enter(self) -> None:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise DeviceError(f"nested too deeply: at most {MAX_DEPTH} levels")


def _function(name: str) -> _Function | None:
    return FUNCTIONS.get(OTHER_NAMES.get(name, name))


def _product(operator: str, left: Number, right: Number) -> Number:
    match operator:
        case "/":
            return exact.divide(left, right)
        case "//":
            return exact.floor_divide(left, right)
        case "mod" | "%":
            return exact.modulo(left, right)
        case "off":
            return exact.multiply(exact.add(Fraction(1), exact.multiply(Fraction(-1), left)), right)
        case _:
            return exact.multiply(left, right)


def _literal(text: str) -> Number:
    digits, _, exponent = text.partition("e")
    if exponent and abs(int(exponent)) > MAX_EXPONENT:
        raise DeviceError(f"exponent too large: at most {MAX_EXPONENT}")
    return exact.checked(Fraction(digits) * Fraction(10) ** int(exponent or 0))
