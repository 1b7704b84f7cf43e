"""A student's own device: one function from text to text out of one file, in the place of a device of ours.

Knows: how the function is found and called. Does not know: what it computes. The file has the rights of whoever starts it.
"""

from __future__ import annotations

from llmos.devices.base import Context, DeviceError, Result
from llmos.devices.calc import Calculator
from llmos.errors import UsageError
from llmos.labs.own import load


class OwnDevice:
    """Takes what our calculator takes, and answers what the student's function returns."""

    usage = Calculator.usage
    grammar = Calculator.grammar
    help = Calculator.help
    outside = False

    def __init__(self, path: str, name: str) -> None:
        self.name = name
        self._function = load(path, name)

    def call(self, text: str, ctx: Context) -> Result:
        """Raises DeviceError with the line of whatever the function raised."""
        try:
            return Result(str(self._function(text))[:500], self.name)
        except UsageError as e:
            raise DeviceError(str(e)) from None
