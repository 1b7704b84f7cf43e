"""Simple units: what `5 km in miles` and `100 f in c` mean.

Knows: units of length, mass, time, volume, area, speed, data, energy, power, pressure, frequency, angle and temperature, as
exact factors; squares and cubes of lengths; how units of two words are written. Does not know: sums.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from fractions import Fraction
from functools import cache
from typing import NamedTuple

from . import exact
from .base import DeviceError
from .exact import PI, Number


class Unit(NamedTuple):
    """`value * factor + offset` is the value in the base unit of its kind."""

    kind: str
    factor: Fraction
    offset: Fraction = Fraction(0)


_TABLE = """
length 0.000000001 nm nanometer nanometers
length 0.000001 um micrometer micrometers
length 0.001 mm millimeter millimeters millimetre millimetres
length 0.01 cm centimeter centimeters centimetre centimetres
length 1 m meter meters metre metres
length 1000 km kilometer kilometers kilometre kilometres
length 0.0254 in inch inches
length 0.3048 ft foot feet
length 0.9144 yd yard yards
length 1609.344 mi mile miles
length 1852 nmi
length 149597870700 au
length 9460730472580800 ly lightyear lightyears
mass 0.000000001 ug mcg microgram micrograms
mass 0.000001 mg milligram milligrams
mass 0.001 g gram grams
mass 1 kg kilogram kilograms kilo kilos
mass 1000 t tonne tonnes
mass 0.028349523125 oz ounce ounces
mass 0.45359237 lb lbs pound pounds
mass 6.35029318 st stone
time 0.000000001 ns nanosecond nanoseconds
time 0.000001 us microsecond microseconds
time 0.001 ms millisecond milliseconds
time 1 s sec secs second seconds
time 60 min mins minute minutes
time 3600 h hr hrs hour hours
time 86400 day days
time 604800 week weeks wk wks
time 31536000 yr yrs year years
volume 0.001 ml milliliter milliliters millilitre millilitres
volume 0.01 cl
volume 0.1 dl
volume 100 hl
volume 0.001 cc
volume 0.0295735295625 floz
volume 0.00492892159375 tsp teaspoon teaspoons
volume 0.01478676478125 tbsp tablespoon tablespoons
volume 1 l liter liters litre litres
volume 3.785411784 gal gallon gallons
volume 0.946352946 qt quart quarts
volume 0.473176473 pt pint pints
volume 0.2365882365 cup cups
area 10000 ha hectare hectares
area 4046.8564224 acre acres
speed 1 m/s mps
speed 1000 km/s
speed 0.3048 ft/s fps
speed 5/18 km/h kph kmh
speed 0.44704 mph
speed 463/900 kn knot knots
data 0.125 bit bits
data 1 b byte bytes
data 1000 kb kilobyte kilobytes
data 1000000 mb megabyte megabytes
data 1000000000 gb gigabyte gigabytes
data 1000000000000 tb terabyte terabytes
data 1024 kib
data 1048576 mib
data 1073741824 gib
data 1099511627776 tib
data 125 kbit kilobit kilobits
data 125000 mbit megabit megabits
data 125000000 gbit gigabit gigabits
data 1000000000000000 pb petabyte petabytes
energy 1 j joule joules
energy 1000 kj kilojoule kilojoules
energy 3600 wh
energy 3600000 kwh
energy 4.184 cal calorie calories
energy 4184 kcal kilocalorie kilocalories
energy 1055.05585262 btu
power 1 w watt watts
power 1000 kw kilowatt kilowatts
power 745.69987158227022 hp horsepower
pressure 1 pa pascal pascals
pressure 100 hpa mbar millibar millibars
pressure 1000 kpa
pressure 100000 bar bars
pressure 101325 atm atmosphere atmospheres
pressure 6894.757293168361 psi
pressure 133.322387415 mmhg
frequency 1 hz hertz
frequency 1000 khz kilohertz
frequency 1000000 mhz megahertz
frequency 1000000000 ghz gigahertz
frequency 1/60 rpm
angle 1 deg degree degrees
angle 1/60 arcmin arcminute arcminutes
angle 1/3600 arcsec arcsecond arcseconds
"""


@cache
def units() -> dict[str, Unit]:
    """Every written form of every unit, lower case."""
    table: dict[str, Unit] = {}
    for line in _TABLE.split("\n"):
        if line:
            kind, factor, *names = line.split()
            table.update(dict.fromkeys(names, Unit(kind, Fraction(factor))))
            if kind == "length":  # its square in square metres, its cube in litres
                table.update(dict.fromkeys((f"{n}2" for n in names), Unit("area", Fraction(factor) ** 2)))
                table.update(dict.fromkeys((f"{n}3" for n in names), Unit("volume", Fraction(factor) ** 3 * 1000)))
    table.update(dict.fromkeys(("rad", "radian", "radians"), Unit("angle", 180 / Fraction(PI))))
    kelvin, zero = Fraction(5, 9), Fraction("273.15")
    table.update(dict.fromkeys(("c", "°c", "celsius"), Unit("temperature", Fraction(1), zero)))
    table.update(dict.fromkeys(("f", "°f", "fahrenheit"), Unit("temperature", kelvin, zero - 32 * kelvin)))
    table.update(dict.fromkeys(("k", "kelvin"), Unit("temperature", Fraction(1))))
    return table


_SPELLED: tuple[tuple[str, Callable[[re.Match[str]], str]], ...] = (
    (r"\b(square|sq\.?|cubic|cu\.?) ?([a-z]+)\b", lambda m: m[2] + ("2" if m[1][0] == "s" else "3")),
    (r"\b([a-z]+)(?:\^|\*\*)([23])(?![\d.])", lambda m: m[1] + m[2]),
    (r"\b([a-z]+)([²³])", lambda m: m[1] + ("2" if m[2] == "²" else "3")),
    (r"\bfl(?:uid|\.)? ?(?:ounces?|oz)\b", lambda m: "floz"),
    (r"\bnautical miles?\b", lambda m: "nmi"),
    (r"\blight[ -]years?\b", lambda m: "ly"),
    (r"\b(kilo)?watt[ -]hours?\b", lambda m: "kwh" if m[1] else "wh"),
    (r"\bmiles per hour\b", lambda m: "mph"),
    (r"\b(?:kilomet(?:er|re)s|km) per hour\b", lambda m: "km/h"),
    (r"\b(?:met(?:er|re)s|m) per second\b", lambda m: "m/s"),
)
_FEET = re.compile(r"(\d) ?['′] ?(?!\d{3})(\d[\d.]*) ?(?:\"|''|″|in\b|inch(?:es)?\b)?", re.I)  # 5'11"


def spelled(text: str) -> tuple[str, dict[str, str]]:
    """A line in which every unit is one word, and how those that were not were written: {"m2": "square meters"}."""
    written: dict[str, str] = {}
    text = _FEET.sub(r"\1 ft \2 in ", text)
    for pattern, word in _SPELLED:
        for match in reversed(list(re.finditer(pattern, text, re.I))):
            if (new := word(match)).lower() in units():
                written[new] = match[0]
                text = text[: match.start()] + new + text[match.end() :]
    return text, written


def convert(value: Number, source: str, target: str) -> Number:
    """`value` of unit `source` in unit `target`. Raises DeviceError when they measure different things."""
    a, b = _unit(source), _unit(target)
    if a.kind != b.kind:
        raise DeviceError(f"{source} is {a.kind} and {target} is {b.kind}")
    base = exact.add(exact.multiply(value, a.factor), a.offset)
    return exact.divide(exact.add(base, -b.offset), b.factor)


def _unit(name: str) -> Unit:
    unit = units().get(name.lower())
    if unit is None:
        raise DeviceError(f"don't know the unit {name[:20]!r}")
    return unit
