"""Reading lists of whole numbers as they are typed: "200,100,300".

Knows: commas. Does not know: what the numbers mean. Every error is one line that names the option.
"""

from __future__ import annotations

from collections.abc import Sequence

from llmos.errors import UsageError

MOST = 100_000  # entries of one list


def numbers(text: str, option: str, least: int = 0) -> list[int]:
    """The numbers of "1,2,3", none below `least`; raises UsageError."""
    parts = text.split(",")
    if len(parts) > MOST:
        raise UsageError(f"{option} has more than {MOST:,} entries")
    return [number(part, option, least) for part in parts]


def number(text: str, option: str, least: int = 0) -> int:
    stripped = text.strip()
    if not (stripped.lstrip("-").isascii() and stripped.lstrip("-").isdigit() and len(stripped) <= 15):
        raise UsageError(f"{option} takes whole numbers such as 10,20,30; {text!r} is none")
    value = int(stripped) if stripped.count("-") <= 1 else least - 1
    if value < least:
        raise UsageError(f"{option}: {stripped} is too small; the least is {least}")
    return value


def per_job(values: Sequence[int] | None, count: int, option: str, default: int) -> list[int]:
    """One value for each job: as given, or the default for all; raises UsageError when the lengths differ."""
    if values is None:
        return [default] * count
    if len(values) != count:
        raise UsageError(f"{option} has {len(values)} entries for {count} jobs")
    return list(values)


def listed(values: Sequence[object]) -> str:
    return ",".join(str(v) for v in values)
