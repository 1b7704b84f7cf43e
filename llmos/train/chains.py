"""Sums of several steps in words or brackets, made from parts: what templates alone are too few for.

Knows: how to grow an expression together with the words for it, so that both say the same. Does not know: values; the
real calculator computes them.
"""

from __future__ import annotations

from random import Random
from typing import NamedTuple

from . import lexicon


class Part(NamedTuple):
    """Words and expression of one value; `loose` when a product has to put brackets around it."""

    words: str
    expression: str
    loose: bool = False

    @property
    def tight(self) -> str:
        return f"({self.expression})" if self.loose else self.expression


def draw(rng: Random) -> tuple[str, str]:
    """(request, expression) of two to four steps."""
    return rng.choices([_steps, _nested, _written], [5, 5, 3])[0](rng)


def _number(rng: Random, low: int = 2, high: int = 120) -> Part:
    """Mostly digits; small and round ones now and then as words."""
    if rng.random() < 0.08:
        words, value = rng.choice([("a hundred", "100"), ("a thousand", "1000"), ("a dozen", "12"), ("fifty", "50")])
        return Part(words, value)
    whole = rng.randint(low, high) if rng.random() < 0.75 else rng.randint(2, 12)
    if rng.random() < 0.12 and whole < 100:
        return Part(lexicon.spelled(whole), str(whole))
    shown = f"{whole}.{rng.choice(['5', '25', '75', '4'])}" if rng.random() < 0.08 else str(whole)
    return Part(shown, shown)


# -- one step after the other -----------------------------------------------------------------------------------------

IT = ("it", "that", "the result", "the total", "everything", "the whole thing", "what you get", "the answer", "this")
REST = ("it", "that", "what is left", "what's left", "the rest", "what remains", "the result")


def _steps(rng: Random) -> tuple[str, str]:
    """ "multiply 7 by 12, take away 9 and halve what is left": a beginning and one to three changes."""
    now = _beginning(rng)
    clauses, less = [now.words], "-" in now.expression
    for _ in range(rng.choices([1, 2, 3], [5, 5, 1])[0]):
        words, now = _change(rng, now, rng.choice(REST if less else IT))
        clauses.append(words)
        less = now.expression.rpartition("-")[2].isdigit()
    joined = clauses[0]
    for words in clauses[1:]:
        joined += rng.choice([", ", ", then ", " then ", " and ", " and then ", ", and ", ". then "]) + words
    return rng.choice(["", "", "", "please ", "can you ", "i want you to ", "now "]) + joined, now.expression


def _beginning(rng: Random) -> Part:
    a, b = _number(rng), _number(rng)
    kind = rng.randrange(7)
    if kind == 0:
        start = rng.choice(["start with", "take", "begin with", "start at", "i have", "from", "say you have"])
        return Part(f"{start} {a.words}", a.expression)
    if kind == 1:
        return Part(
            f"multiply {a.words} {rng.choice(['by', 'with', 'and'])} {b.words}", f"{a.expression}*{b.expression}"
        )
    if kind == 2:
        c = _number(rng)
        if rng.random() < 0.5:
            return Part(f"add {a.words}, {b.words} and {c.words}", "+".join(p.expression for p in (a, b, c)), True)
        return Part(f"add {a.words} and {b.words}", f"{a.expression}+{b.expression}", True)
    if kind == 3:
        return Part(f"subtract {b.words} from {a.words}", f"{a.expression}-{b.expression}", True)
    if kind == 4:
        return Part(f"divide {a.words} by {b.words}", f"{a.expression}/{b.expression}")
    word, factor = rng.choice([("double", "*2"), ("triple", "*3"), ("halve", "/2"), ("square", "^2")])
    return Part(f"{word} {a.words}", a.expression + factor) if kind == 5 else _simple(rng)


def _change(rng: Random, now: Part, it: str) -> tuple[str, Part]:
    n = _number(rng, 2, 60)
    kind = rng.choices(["add", "less", "times", "over", "double", "halve", "triple"], [5, 5, 4, 4, 2, 3, 1])[0]
    if kind == "add":
        words = rng.choice(["add {}", "plus {}", "add {} more", f"add {{}} to {it}", "put {} on top"])
        return words.format(n.words), Part("", f"{now.expression}+{n.expression}", True)
    if kind == "less":
        words = rng.choice(
            ["subtract {}", "take away {}", "minus {}", "take {} off", f"take {{}} from {it}", "remove {}"]
        )
        return words.format(n.words), Part("", f"{now.expression}-{n.expression}", True)
    if kind in ("times", "over"):
        words = "multiply {} by {}" if kind == "times" else "divide {} by {}"
        if rng.random() < 0.3:
            words = rng.choice(
                ["times {1}", "{0} times {1}"] if kind == "times" else ["divided by {1}", "split {0} in {1}"]
            )
        return words.format(it, n.words), Part("", f"{now.tight}{'*' if kind == 'times' else '/'}{n.expression}")
    factor = {"double": "*2", "halve": "/2", "triple": "*3"}[kind]
    ways = {"double": ("double {}", "times two"), "halve": ("halve {}", "take half of {}", "cut {} in half", "half of {}"),
            "triple": ("triple {}", "three times {}")}[kind]  # fmt: skip
    return rng.choice(ways).format(it), Part("", now.tight + factor)


# -- one inside the other ---------------------------------------------------------------------------------------------


def _nested(rng: Random) -> tuple[str, str]:
    """ "the difference between 12 times 7 and half of 30": two values and what is made of them."""
    a, b = (_simple(rng), _simple(rng)) if rng.random() < 0.6 else (_simple(rng), _number(rng))
    if rng.random() < 0.4 and b.expression.isdigit():
        a, b = b, a
    words, expression = rng.choice((
        ("the difference between {a} and {b}", "{a}-{B}"),
        ("the difference of {a} and {b}", "{a}-{B}"),
        ("{a} minus {b}", "{a}-{B}"),
        ("{a}, less {b}", "{a}-{B}"),
        ("subtract {b} from {a}", "{a}-{B}"),
        ("how much more is {a} than {b}", "{a}-{B}"),
        ("by how much is {a} more than {b}", "{a}-{B}"),
        ("the sum of {a} and {b}", "{a}+{b}"),
        ("{a} plus {b}", "{a}+{b}"),
        ("add {a} to {b}", "{b}+{a}"),
        ("{a} and {b} together", "{a}+{b}"),
        ("the product of {a} and {b}", "{A}*{B}"),
        ("multiply {a} by {b}", "{A}*{B}"),
        ("divide {a} by {b}", "{A}/{b2}"),
        ("{a}, divided by {b}", "{A}/{b2}"),
    ))  # fmt: skip
    parts = {"a": a.expression, "A": a.tight, "b": b.expression, "B": b.tight}
    divisor = b.expression if b.expression.replace(".", "").isdigit() else f"({b.expression})"
    asked = rng.choice(["", "", "", "what is ", "whats ", "what's ", "work out ", "calculate ", "tell me ", "i need "])
    if words.startswith(("how", "by", "sub", "add", "mul", "div")):
        asked = ""
    return asked + words.format(a=a.words, b=b.words), expression.format(**parts, b2=divisor)


def _simple(rng: Random) -> Part:
    """A value in one step, as a thing that can be named."""
    a, b = _number(rng), _number(rng)
    words, expression, loose = rng.choice((
        ("the sum of {a} and {b}", "{a}+{b}", True),
        ("the sum of {a} and {b}", "{a}+{b}", True),
        ("{a} plus {b}", "{a}+{b}", True),
        ("the product of {a} and {b}", "{a}*{b}", False),
        ("the product of {a} and {b}", "{a}*{b}", False),
        ("{a} times {b}", "{a}*{b}", False),
        ("{a} times {b}", "{a}*{b}", False),
        ("{a} multiplied by {b}", "{a}*{b}", False),
        ("the difference between {a} and {b}", "{a}-{b}", True),
        ("{a} divided by {b}", "{a}/{b}", False),
        ("half of {a}", "{a}/2", False),
        ("a third of {a}", "{a}/3", False),
        ("a quarter of {a}", "{a}/4", False),
        ("double {a}", "{a}*2", False),
        ("twice {a}", "{a}*2", False),
        ("{a} squared", "{a}^2", False),
        ("{p}% of {a}", "{p}% of {a}", True),
        ("{p} percent of {a}", "{p}% of {a}", True),
    ))  # fmt: skip
    p = str(rng.choice([5, 10, 12, 15, 20, 25, 30, 40, 50, 60, 75]))
    return Part(words.format(a=a.words, b=b.words, p=p), expression.format(a=a.expression, b=b.expression, p=p), loose)


# -- as one writes it down --------------------------------------------------------------------------------------------


def _written(rng: Random) -> tuple[str, str]:
    """ "45 / (3 + 2) - 1 = ?": an expression with brackets, spaced and signed as people do."""
    count = rng.choice([3, 3, 4, 4, 5])
    terms = [str(rng.randint(2, 99) if rng.random() < 0.8 else rng.randint(100, 1000)) for _ in range(count)]
    signs = [rng.choice("+-*/") for _ in terms[1:]]
    if rng.random() < 0.65:
        at = rng.randrange(len(signs))
        signs[at] = rng.choice("++--*")
        terms[at], terms[at + 1] = f"({terms[at]}", f"{terms[at + 1]})"
    exact = terms[0] + "".join(sign + term for sign, term in zip(signs, terms[1:], strict=True))
    space = rng.choice(["", " ", " "])
    looks = {"*": rng.choice(["*", "*", "x", "×"]), "/": rng.choice(["/", "/", "÷"])}
    if looks["*"] == "x":
        space = " "
    shown = terms[0] + "".join(
        f"{space}{looks.get(sign, sign)}{space}{term}" for sign, term in zip(signs, terms[1:], strict=True)
    )
    before = rng.choice(["", "", "", "what is ", "calculate ", "work out ", "solve: ", "compute ", "result of ", "do "])
    return before + shown + rng.choice(["", "", "", " =", " = ?", "=", " please"]), exact
