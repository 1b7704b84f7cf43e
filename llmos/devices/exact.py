"""Numbers that are exact as long as they can be: fractions, and 40-digit decimals when they can't.

Knows: arithmetic on `Number`, its limits, and how a number is printed. Does not know: how a sum is written
(`expression.py`). A `Fraction` is exact; a `Decimal` is an approximation and everything it touches becomes one.
Sizes are checked before the work is done, so no sum can take long. Call inside `decimal.localcontext(context())`.
"""

from __future__ import annotations

import decimal
import math
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction

from .base import DeviceError

Number = Fraction | Decimal

MAX_BITS = 4096  # of a numerator or denominator: about 1,233 digits
MAX_ROOT = 64  # highest root looked for exactly
MAX_FACTORIAL = 500  # 500! has 1,135 digits
MAX_ANGLE = 10**9  # radians; beyond it the argument's own rounding is all that is left
MAX_PLACES = 30  # decimals printed of an exact result
DIGITS = 12  # significant digits printed of an approximate one
PI = Decimal("3.1415926535897932384626433832795028841971693993751")
TINY = Decimal("1e-15")  # a sine this small is a zero that suffered from rounding


def context() -> decimal.Context:
    """40 digits; overflow and invalid operations raise."""
    traps = [decimal.InvalidOperation, decimal.DivisionByZero, decimal.Overflow]
    return decimal.Context(prec=40, Emax=9999, Emin=-9999, traps=traps)


def checked(x: Fraction) -> Fraction:
    """`x` itself. Raises DeviceError when it has outgrown the limit."""
    if max(x.numerator.bit_length(), x.denominator.bit_length()) > MAX_BITS:
        raise DeviceError(f"too large: more than {MAX_BITS * 3 // 10:,} digits")
    return x


def approximate(x: Number) -> Decimal:
    return x if isinstance(x, Decimal) else Decimal(x.numerator) / Decimal(x.denominator)


def whole(x: Number, what: str) -> int:
    if not isinstance(x, Fraction) or x.denominator != 1:
        raise DeviceError(f"{what} needs whole numbers")
    return x.numerator


def add(a: Number, b: Number) -> Number:
    if isinstance(a, Fraction) and isinstance(b, Fraction):
        return checked(a + b)
    return approximate(a) + approximate(b)


def multiply(a: Number, b: Number) -> Number:
    if isinstance(a, Fraction) and isinstance(b, Fraction):
        return checked(a * b)
    return approximate(a) * approximate(b)


def divide(a: Number, b: Number) -> Number:
    if b == 0:
        raise DeviceError("division by zero")
    if isinstance(a, Fraction) and isinstance(b, Fraction):
        return checked(a / b)
    return approximate(a) / approximate(b)


def floor_divide(a: Number, b: Number) -> Number:
    return Fraction(math.floor(divide(a, b)))


def modulo(a: Number, b: Number) -> Number:
    """The remainder with the divisor's sign, as in Python."""
    return add(a, multiply(Fraction(-1), multiply(b, floor_divide(a, b))))


def power(a: Number, b: Number) -> Number:
    if a == 0 and b < 0:
        raise DeviceError("division by zero: 0 to a negative power")
    if isinstance(a, Fraction) and isinstance(b, Fraction):
        if b.denominator == 1:
            return _whole_power(a, b.numerator)
        if a >= 0 and (base := exact_root(a, b.denominator)) is not None:
            return _whole_power(base, b.numerator)
    if a < 0:
        raise DeviceError("a negative number has no real power with a fractional exponent")
    return Decimal(0) if a == 0 else approximate(a) ** approximate(b)


def _whole_power(a: Fraction, n: int) -> Number:
    bits = max(a.numerator.bit_length(), a.denominator.bit_length()) - 1
    if bits * abs(n) > MAX_BITS:
        raise DeviceError(f"too large: more than {MAX_BITS * 3 // 10:,} digits")
    if bits <= 0:  # -1, 0, 1: no need to multiply a huge number of times
        n = n % 2 if n % 2 else 2 * (n != 0)
    return checked(a**n)


def exact_root(a: Fraction, k: int) -> Fraction | None:
    """The k-th root of a >= 0 if it is a fraction, else None."""
    if not 1 <= k <= MAX_ROOT:
        return None
    top, bottom = _whole_root(a.numerator, k), _whole_root(a.denominator, k)
    return Fraction(top, bottom) if top**k == a.numerator and bottom**k == a.denominator else None


def _whole_root(n: int, k: int) -> int:
    """The largest r with r**k <= n, by bisection."""
    low, high = 0, 1 << (n.bit_length() // k + 1)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if middle**k <= n else (low, middle)
    return low


def root(a: Number, k: Number) -> Number:
    n = whole(k, "root")
    if n < 1:
        raise DeviceError("a root's order is 1 or more")
    if a < 0:
        if n % 2 == 0:
            raise DeviceError("a negative number has no real square root" if n == 2 else "no real even root")
        return multiply(Fraction(-1), root(multiply(a, Fraction(-1)), k))
    return power(a, Fraction(1, n))


def factorial(a: Number) -> Number:
    n = whole(a, "factorial")
    if not 0 <= n <= MAX_FACTORIAL:
        raise DeviceError(f"factorial takes 0 to {MAX_FACTORIAL}")
    return Fraction(math.factorial(n))


def binomial(a: Number, b: Number) -> Number:
    """Ways to choose b of a things."""
    n, k = whole(a, "choosing"), whole(b, "choosing")
    if not 0 <= k <= n <= MAX_BITS:
        raise DeviceError(f"choosing takes 0 to {MAX_BITS}, the smaller number second")
    return Fraction(math.comb(n, k))


def median(*values: Number) -> Number:
    ordered, middle = sorted(values), len(values) // 2
    return ordered[middle] if len(values) % 2 else divide(add(ordered[middle - 1], ordered[middle]), Fraction(2))


def logarithm(a: Number, base: Number) -> Number:
    """Exact when it is a whole number, as in log(1000) = 3."""
    if a <= 0 or base <= 0 or base == 1:
        raise DeviceError("a logarithm needs a positive number, and a positive base other than 1")
    value = approximate(a).ln() / approximate(base).ln()
    n = Fraction(round(value))
    exact = isinstance(a, Fraction) and isinstance(base, Fraction) and abs(n) <= MAX_BITS
    return n if exact and abs(value - int(n)) < TINY and power(base, n) == a else value


def rounded(a: Number, places: Number = Fraction(0)) -> Number:
    """To `places` decimals, halves away from zero."""
    n = whole(places, "round's second value")
    if abs(n) > 100:
        raise DeviceError("round takes at most 100 decimals")
    scaled = abs(Fraction(a)) * Fraction(10) ** n
    return checked(Fraction(math.floor(scaled + Fraction(1, 2)) * (1 if a >= 0 else -1)) / Fraction(10) ** n)


def exponential(a: Number) -> Number:
    return Fraction(1) if a == 0 else approximate(a).exp()


def trigonometric(function: Callable[[float], float]) -> Callable[[Number], Number]:
    """A circular function of radians, good to about 15 digits."""

    def value(a: Number) -> Number:
        if not -MAX_ANGLE <= a <= MAX_ANGLE:
            raise DeviceError("angle too large")
        if function is math.tan and abs(math.cos(float(a))) < float(TINY):
            raise DeviceError("tan is infinite there")
        result = Decimal(repr(function(float(a))))
        return Fraction(int(function(0.0))) if a == 0 else Decimal(0) if abs(result) < TINY else result

    return value


def inexact(function: Callable[[float], float]) -> Callable[[Number], Number]:
    """A function that floats are good enough for; exact at 0 where its value there is whole."""

    def value(a: Number) -> Number:
        try:
            result = function(float(a))
        except (ValueError, OverflowError):
            raise DeviceError("no real number is the result") from None
        return Fraction(int(result)) if a == 0 and result == int(result) else Decimal(repr(result))

    return value


def shown(x: Number) -> str:
    """Exact numbers in full, others as "≈" and 12 significant digits."""
    if isinstance(x, Fraction):
        if x.denominator == 1:
            return str(x.numerator)
        places = _places(x.denominator)
        if places is not None:
            digits = str(abs(x.numerator) * (10**places // x.denominator)).rjust(places + 1, "0")
            return f"{'-' if x < 0 else ''}{digits[:-places]}.{digits[-places:]}"
    with decimal.localcontext(context()) as ctx:
        ctx.prec = DIGITS
        d = +approximate(x)
    return "≈" + (format(d.normalize(), "f") if -7 < d.adjusted() < 15 or not d else f"{d.normalize():e}")


def _places(denominator: int) -> int | None:
    """Decimals that a fraction with this denominator needs; None when it never ends or is too long to print."""
    for places in range(1, MAX_PLACES + 1):
        if 10**places % denominator == 0:
            return places
    return None
