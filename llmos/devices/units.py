"""Simple units: what `5 km in miles` and `100 f in c` mean.

Knows: units of length, mass, time, volume, area, speed, data and temperature, as exact factors. Does not know: sums.
"""

from __future__ import annotations

from fractions import Fraction
from functools import cache
from typing import NamedTuple

from . import exact
from .base import DeviceError
from .exact import Number


class Unit(NamedTuple):
    """`value * factor + offset` is the value in the base unit of its kind."""

    kind: str
    factor: Fraction
    offset: Fraction = Fraction(0)


_TABLE = """
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
mass 0.000001 mg milligram milligrams
mass 0.001 g gram grams
mass 1 kg kilogram kilograms kilo kilos
mass 1000 t tonne tonnes
mass 0.028349523125 oz ounce ounces
mass 0.45359237 lb lbs pound pounds
mass 6.35029318 st stone
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
volume 0.00492892159375 tsp teaspoon teaspoons
volume 0.01478676478125 tbsp tablespoon tablespoons
volume 1 l liter liters litre litres
volume 3.785411784 gal gallon gallons
volume 0.946352946 qt quart quarts
volume 0.473176473 pt pint pints
volume 0.2365882365 cup cups
area 1 m2 m²
area 1000000 km2 km²
area 10000 ha hectare hectares
area 4046.8564224 acre acres
area 0.09290304 ft2 ft²
speed 1 m/s mps
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
"""


@cache
def units() -> dict[str, Unit]:
    """Every written form of every unit, lower case."""
    table: dict[str, Unit] = {}
    for line in _TABLE.split("\n"):
        if line:
            kind, factor, *names = line.split()
            table.update(dict.fromkeys(names, Unit(kind, Fraction(factor))))
    kelvin, zero = Fraction(5, 9), Fraction("273.15")
    table.update(dict.fromkeys(("c", "°c", "celsius"), Unit("temperature", Fraction(1), zero)))
    table.update(dict.fromkeys(("f", "°f", "fahrenheit"), Unit("temperature", kelvin, zero - 32 * kelvin)))
    table.update(dict.fromkeys(("k", "kelvin"), Unit("temperature", Fraction(1))))
    return table


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
