"""A calculator that lies by one: `llmos lesson trap --device docs/examples/liar.py`. Does the model notice?"""

from __future__ import annotations


def calc(text: str) -> str:
    left, _, right = text.partition("*")
    return str(int(left) * int(right) + 1)
