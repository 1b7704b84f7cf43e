"""Double-checking an answer: its sums are done again, and its programs are run again.

Knows: how sums and code are written in prose. Does not know: the model, or whether a device was used the first time.
A claim is right, wrong, or (for code) fails; what is not claimed is not judged.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from .devices.base import Context, DeviceError
from .devices.calc import Calculator, number
from .devices.python import Python

MAX_CLAIMS = 20
_NUMBER = r"[-−]?\$?\d[\d,]*(?:\.\d+)?"
_OPERATOR = r"(?:\*\*|[-+*/×÷x^−]|times|plus|minus|divided by|multiplied by|% of|percent of)"
_CLAIM = re.compile(
    rf"(?P<sum>\(*{_NUMBER}%?\)*(?:\s*{_OPERATOR}\s*\(*{_NUMBER}%?\)*)+)\s*(?:=|≈|is|equals|makes|gives|are)\s*"
    rf"(?:equal to |about |approximately )?(?P<value>{_NUMBER})",
    re.I,
)
_CODE = re.compile(
    r"```(?:python|py)\s*\n(?P<code>.*?)```(?:\s*(?:output|prints|result)?:?\s*```\w*\n(?P<out>.*?)```)?", re.S | re.I
)


def check(answer: str) -> list[dict[str, Any]]:
    """{"kind": "sum" | "code", "claim", "value", "right"} for each claim, in order."""
    return [*_sums(answer), *_programs(answer)][:MAX_CLAIMS]


def _sums(answer: str) -> Iterator[dict[str, Any]]:
    for match in _CLAIM.finditer(re.sub(r"```.*?```", " ", answer, flags=re.S)):
        try:
            value = Calculator().call(match["sum"].replace("x", "*"), Context()).text
        except DeviceError:
            continue
        claimed, real = number(match["value"].replace(",", "").replace("−", "-").replace("$", "")), number(value)
        if claimed is not None and real is not None:
            yield {
                "kind": "sum",
                "claim": match[0].strip(),
                "value": value,
                "right": _close(claimed, real, match["value"]),
            }


def _close(claimed: float, real: float, written: str) -> bool:
    """Right to as many places as were written."""
    places = len(written.partition(".")[2])
    return (
        abs(claimed - real) <= 0.5 * 10.0**-places * (1 + 1e-9) if places else abs(claimed - real) <= 1e-6 * abs(real)
    )


def _programs(answer: str) -> Iterator[dict[str, Any]]:
    for match in _CODE.finditer(answer):
        code, out = match["code"], match["out"]
        try:
            value = Python().call(code, Context()).text
            right = out is None or value.strip() == out.strip()
        except DeviceError as error:
            value, right = f"error: {error}", False
        yield {"kind": "code", "claim": code.strip(), "value": value, "right": right}
