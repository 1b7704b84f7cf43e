"""pid 1: starts one program and reaps every child; when the first one ends, the machine halts with its status.

Knows: whom it started. Does not know: anything else.
"""

from __future__ import annotations

from typing import Any

from . import ulib


async def main(program: str = "sh", *args: Any) -> int:
    first = await ulib.spawn(program, *args)
    while True:
        pid, status = await ulib.wait()
        if pid == first:
            return status
