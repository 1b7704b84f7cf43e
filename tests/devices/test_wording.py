"""Sums as people and models word them, with their values worked out by hand; and what stays refused."""

from __future__ import annotations

import random

import pytest

from llmos.devices.calc import Calculator

from .helpers import ask, refusal

CALC = Calculator()
WORDED = """
17% of 230  ->  39.1
17 percent of 230  ->  39.1
17 % of 230  ->  39.1
what is 17% of 230?  ->  39.1
= 17% of 230  ->  39.1
0.17 * 230 =  ->  39.1
37*48 = ?  ->  1776
37 * 48 = ?  ->  1776
37*48=1776  ->  1776
calc 37*48  ->  1776
calc(37*48)  ->  1776
calculate(37*48)  ->  1776
"37*48"  ->  1776
`37*48`  ->  1776
'37*48'  ->  1776
37X48  ->  1776
37 X 48  ->  1776
$1,234.50 * 3  ->  3703.5
€1.5 million  ->  1500000
1.5 million / 3  ->  500000
2 thousand * 3  ->  6000
3k + 2k  ->  5000
20 dollars + 5 dollars  ->  25
20 USD * 3  ->  60
sqrt(144)  ->  12
sqrt 144  ->  12
sqrt of 144  ->  12
the square root of 144  ->  12
square root 144  ->  12
∛27  ->  3
3 to the power of 4  ->  81
3 to the 4th power  ->  81
3 to the 4th  ->  81
3 squared  ->  9
5 cubed  ->  125
5 factorial  ->  120
factorial of 5  ->  120
factorial(5)  ->  120
10 mod 3  ->  1
10 modulo 3  ->  1
remainder of 10 / 3  ->  1
10 divided by 4  ->  2.5
divide 10 by 4  ->  2.5
10 over 4  ->  2.5
multiply 6 by 7  ->  42
product of 6 and 7  ->  42
sum of 3 and 4  ->  7
sum of 3, 4 and 5  ->  12
sum(3, 4, 5)  ->  12
add 3 and 4  ->  7
add 3 to 4  ->  7
subtract 3 from 10  ->  7
difference between 10 and 3  ->  7
average of 3, 4, 5  ->  4
average of 3, 4 and 5  ->  4
mean(3,4,5)  ->  4
average(3,4,5)  ->  4
avg(3,4,5)  ->  4
max(3,4,5)  ->  5
maximum of 3, 4, 5  ->  5
half of 50  ->  25
a third of 90  ->  30
a quarter of 100  ->  25
1/3 of 90  ->  30
two thirds of 90  ->  60
double 21  ->  42
twice 21  ->  42
triple 7  ->  21
7 times 8  ->  56
seven times eight  ->  56
twenty plus five  ->  25
7 plus 8 minus 3  ->  12
7 multiplied with 8  ->  56
15% off 80  ->  68
80 plus 15%  ->  92
20% discount on 80  ->  64
increase 80 by 15%  ->  92
decrease 80 by 15%  ->  68
15 is what percent of 60  ->  25
what percent of 60 is 15  ->  25
15 as a percentage of 60  ->  25
15/60 as percent  ->  25
15/60 in percent  ->  25
percentage of 15 in 60  ->  25
tip of 15% on 80  ->  12
1e3 + 2  ->  1002
1.5e3  ->  1500
5 kilometers to miles  ->  ≈3.10685596119 miles
convert 5 km to miles  ->  ≈3.10685596119 miles
5km to miles  ->  ≈3.10685596119 miles
how many miles is 5 km  ->  ≈3.10685596119 miles
how many miles in 5 km  ->  ≈3.10685596119 miles
100 °F to °C  ->  ≈37.7777777778 °C
100 fahrenheit to celsius  ->  ≈37.7777777778 celsius
100 degrees fahrenheit in celsius  ->  ≈37.7777777778 celsius
3 hours in minutes  ->  180 minutes
2.5 hours in seconds  ->  9000 seconds
2 weeks in days  ->  14 days
10 pounds in kg  ->  4.5359237 kg
10 lbs to kg  ->  4.5359237 kg
6 feet in cm  ->  182.88 cm
6 ft 2 in in cm  ->  187.96 cm
1 gallon in liters  ->  3.785411784 liters
3 cups in ml  ->  709.7647095 ml
60 mph in km/h  ->  96.56064 km/h
60 mph to kph  ->  96.56064 kph
1 GB in MB  ->  1000 MB
1024 bytes in kb  ->  1.024 kb
1 year in days  ->  365 days
1 mile in feet  ->  5280 feet
5 inches to cm  ->  12.7 cm
5 in to cm  ->  12.7 cm
8 oz in grams  ->  226.796185 grams
log2(8)  ->  3
log base 2 of 8  ->  3
log10(1000)  ->  3
sin(30 degrees)  ->  ≈0.5
sin(pi/2)  ->  ≈1
cos 60°  ->  ≈0.5
abs(-5)  ->  5
|−5|  ->  5
|-5|  ->  5
round 3.14159 to 2 decimal places  ->  3.14
floor(3.7)  ->  3
ceil(3.2)  ->  4
gcd of 12 and 18  ->  6
lcm(4,6)  ->  12
greatest common divisor of 12 and 18  ->  6
lcm of 4 and 6  ->  12
{2+3}*4  ->  20
[2+3]*4  ->  20
12 : 4  ->  3
7•8  ->  56
2⁴  ->  16
x = 3+4  ->  7
result = 3 + 4  ->  7
3+4 equals  ->  7
3+4 is  ->  7
3 + 4 = x  ->  7
what's 3+4  ->  7
How much is 3 + 4?  ->  7
Compute: 3 + 4  ->  7
please compute 3 + 4  ->  7
3/4 of 120  ->  90
1_000 + 1  ->  1001
1'000 + 1  ->  1001
2 and 1/2  ->  2.5
½ of 10  ->  5
½ * 10  ->  5
1½  ->  1.5
12 dozen  ->  144
5 choose 2  ->  10
nCr(5,2)  ->  10
binomial(5,2)  ->  10
hypot(3,4)  ->  5
pi  ->  ≈3.14159265359
pi * 2^2  ->  ≈12.5663706144
2 pi  ->  ≈6.28318530718
π*3²  ->  ≈28.2743338823
e^2  ->  ≈7.38905609893
exp(2)  ->  ≈7.38905609893
tan(45°)  ->  ≈1
cube root of 27  ->  3
cbrt(27)  ->  3
fourth root of 16  ->  2
4th root of 16  ->  2
root(16, 4)  ->  2
2 * sqrt(9)  ->  6
sqrt(16) + 2  ->  6
sqrt(3^2+4^2)  ->  5
pow(2, 10)  ->  1024
power(2,10)  ->  1024
2 power 10  ->  1024
mod(10,3)  ->  1
math.sqrt(16)  ->  4
Math.pow(2,3)  ->  8
math.pi  ->  ≈3.14159265359
int(7/2)  ->  3
min(3, 5, 2)  ->  2
65 minutes in hours  ->  ≈1.08333333333 hours
six hundred  ->  600
one hundred and twenty  ->  120
a dozen times 3  ->  36
3 dozen  ->  36
negative 5 plus 3  ->  -2
minus 5 + 3  ->  -2
square of 12  ->  144
cube of 3  ->  27
12 squared plus 5 squared  ->  169
the sum of 12 and 30  ->  42
the product of 12 and 30  ->  360
the difference of 12 and 30  ->  -18
the quotient of 100 and 8  ->  12.5
12 more than 30  ->  42
12 less than 30  ->  18
30 less 12  ->  18
15 percent tip on 48.50  ->  7.275
18% tip on $64  ->  11.52
3 @ 2.50  ->  7.5
3 at 2.50 each  ->  7.5
how many miles are there in 5 km?  ->  ≈3.10685596119 miles
how many cm in an inch  ->  2.54 cm
how many feet in 1 mile  ->  5280 feet
how many days in 2 weeks  ->  14 days
how many days are in 3 weeks  ->  21 days
convert 98.6 F to C  ->  37 C
5 feet 11 inches in cm  ->  180.34 cm
1 hour 30 minutes in minutes  ->  90 minutes
1 hour and 30 minutes to seconds  ->  5400 seconds
3 tbsp in ml  ->  44.36029434375 ml
what is 5 km in miles?  ->  ≈3.10685596119 miles
25 °C in °F  ->  77 °F
-40 c in f  ->  -40 f
minus 40 c in f  ->  -40 f
how much is 3+4  ->  7
12 inches in feet  ->  1 feet
1,500 m in km  ->  1.5 km
(2+3) km in m  ->  5000 m
45.5 kg in pounds  ->  ≈100.310329294 pounds
$45.50 + 8.25% of 45.50  ->  49.25375
45 * 3 + 12 - 7 = ?  ->  140
12 + 7 =  ->  19
9 - 12 + 4 =?  ->  1
sqrt(2) * sqrt(2)  ->  ≈2
250 + 8% tax  ->  270
17.5% VAT on 200  ->  35
the average of 10, 20, 30 and 40  ->  25
average of 1,200 and 1,400  ->  1300
sum of the numbers 1, 2, 3  ->  6
add 5, 6 and 7  ->  18
subtract 15 from 100  ->  85
what is 7 times 6 minus 2?  ->  40
how much is 15 percent of 240 dollars  ->  36
20 percent of 50 plus 5  ->  15
what is the square root of 2 to 3 decimals  ->  1.414
sqrt(50) rounded to 2 decimals  ->  7.07
round(sqrt(50), 2)  ->  7.07
2 to the power of 16  ->  65536
two to the tenth power  ->  1024
nine squared  ->  81
three quarters of 200  ->  150
one half plus one third  ->  ≈0.833333333333
percentage change from 50 to 65  ->  30
what percentage is 30 of 120  ->  25
30 is what percentage of 120?  ->  25
30 as % of 120  ->  25
split 120 by 4  ->  30
120 split 4 ways  ->  30
120 shared by 4  ->  30
how many times does 7 go into 91  ->  13
ten million divided by four  ->  2500000
5e-3 * 2  ->  0.01
1e-10  ->  0.0000000001
-5 mod 3  ->  1
17 mod 5  ->  2
remainder of 17 divided by 5  ->  2
remainder when 17 is divided by 5  ->  2
greatest of 3, 9, 4  ->  9
ten  ->  10
compute 12*12  ->  144
Calculator: 12*12  ->  144
calc: 12*12  ->  144
what's 12 * 12, please  ->  144
"""
PAIRS = [tuple(line.split("  ->  ")) for line in WORDED.strip().splitlines()]
REFUSED = [
    "12 eggs * 3", "99 bottles", "2,5 + 1", "1.234,5", "1,00,000", "12:30", "5 and 6", "50 cents + 5 dollars", "3 to 5",
    "between 3 and 5", "five six", "twenty twelve", "three o'clock", "the weather", "add", "sum of", "average of",
    "half", "of 50", "15 is what percent", "subtract from 10", "how many eggs", "3 km + 2 kg", "10 km in kg", "100 in c",
    "2 hours + 30 minutes", "import math; math.sqrt(4)", "math.system(4)", "what is", "please", "= =", "x", "3 = 4 = 5 + y",
    "5 choose 7", "5000 choose 2", "one hundred twenty hundred and", "dozen dozen eggs", "root of 16", "12% per year of 500",
]  # fmt: skip


@pytest.mark.parametrize(("text", "value"), PAIRS, ids=lambda x: x[:30])
def test_worded_sums(text: str, value: str) -> None:
    assert ask(CALC, text) == value


@pytest.mark.parametrize("text", REFUSED)
def test_what_no_rule_knows_is_refused_not_guessed(text: str) -> None:
    assert refusal(CALC, text)


def test_worded_and_plain_sums_agree() -> None:
    """Random operands through every way to say an operation."""
    rng = random.Random(3)
    ways = {
        "{a} + {b}": ["add {a} and {b}", "{a} plus {b}", "sum of {a} and {b}", "what is {a}+{b}?", "{a} more than {b}"],
        "{a} - {b}": ["subtract {b} from {a}", "{a} minus {b}", "{b} less than {a}", "{a} − {b} ="],
        "{a} * {b}": ["{a} times {b}", "multiply {a} by {b}", "{a}x{b}", "product of {a} and {b}", "{a} × {b} = ?"],
        "{a} / {b}": ["{a} divided by {b}", "divide {a} by {b}", "{a} over {b}", "{a} ÷ {b}", "split {a} between {b}"],
        "{a} * {b} / 100": ["{a}% of {b}", "{a} percent of {b}", "what is {a}% of ${b}?", "{a} per cent of {b}"],
        "{b} * (100 - {a}) / 100": ["{a}% off {b}", "{b} - {a}%", "{b} decreased by {a}%", "{b} minus {a} percent"],
        "{a} / {b} * 100": ["{a} is what percent of {b}", "what percent of {b} is {a}", "{a} as a percentage of {b}"],
        "({a} + {b}) / 2": ["average of {a} and {b}", "the mean of {a} and {b}", "mean({a}, {b})", "half of ({a}+{b})"],
    }  # fmt: skip
    for _ in range(60):
        a, b = rng.choice([rng.randint(1, 99), rng.randint(1, 9999) / 100]), rng.randint(1, 99999)
        for plain, worded in ways.items():
            wanted = ask(CALC, plain.format(a=a, b=b))
            for way in worded:
                grouped = way.format(a=a, b=f"{b:,}" if "(" not in way else b)
                assert ask(CALC, grouped) == wanted, grouped


def test_numbers_in_words() -> None:
    names = {7: "seven", 13: "thirteen", 20: "twenty", 42: "forty-two", 100: "one hundred", 115: "one hundred and fifteen",
             999: "nine hundred ninety-nine", 1000: "a thousand", 12_345: "twelve thousand three hundred and forty-five",
             2_000_000: "two million", 1_500_000: "1.5 million", 300: "3 hundred", 24: "two dozen"}  # fmt: skip
    for value, name in names.items():
        assert ask(CALC, f"{name} plus 1") == str(value + 1)
