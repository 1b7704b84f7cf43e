"""The clock: what time and day it is, and reckoning with dates.

Knows: dates as people write them and the calendar. Does not know: what time it really is (it asks `ctx.now`, which may
be pinned). Answers are ISO dates, 24-hour times, English weekdays and plain numbers of days.
"""

from __future__ import annotations

import calendar
import re
from datetime import date, timedelta

from .base import Context, DeviceError, Result

MAX_LENGTH = 200  # characters
MAX_COUNT = 10_000_000  # days, weeks or months added at once

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_RELATIVE = {"today": 0, "now": 0, "tomorrow": 1, "yesterday": -1}
_MONTH = r"(?P<month>[a-z]{3,9})\.?"
_DAY = r"(?P<day>\d{1,2})(?:st|nd|rd|th)?"
_DATES = (
    r"(?P<year>\d{4})[-/](?P<number>\d{1,2})[-/](?P<day>\d{1,2})",
    rf"{_DAY}(?: of)? {_MONTH}(?:,? (?P<year>\d{{4}}))?",
    rf"{_MONTH} {_DAY}(?:,? (?P<year>\d{{4}}))?",
)
_WEEKDAY = re.compile(r"weekday(?: (?:of |on )?(?P<date>.+))?")
_ADD = re.compile(
    r"(?P<verb>add|subtract) (?P<n>[+-]?\d+) (?P<unit>day|week|month|year)s?(?: (?:to|from) (?P<date>.+))?"
)
_DAYS = re.compile(r"days (?:from|between) (?P<a>.+?) (?:to|and|until) (?P<b>.+)")

_GRAMMAR = r"""
start: "now" | "date" | "time" | "weekday" (" " WHEN)? | sum | "days from " WHEN " to " WHEN
sum: "add " COUNT " " SPAN (" to " WHEN)?
WHEN: ISO | "today" | "tomorrow" | "yesterday"
ISO: /[12][0-9]{3}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])/
COUNT: /-?[0-9]{1,6}/
SPAN: "days" | "weeks" | "months"
"""


class Clock:
    """Stateless; the time comes with the call."""

    name = "clock"
    help = "the date and time, such as clock now or clock add 30 days to 2026-01-31"
    usage = ("now", "date", "time", "weekday [DATE]", "add N days [to DATE]", "days from A to B")
    grammar = _GRAMMAR
    outside = False

    def call(self, text: str, ctx: Context) -> Result:
        """Raises DeviceError for a form or date it can't read."""
        if len(text) > MAX_LENGTH:
            raise DeviceError(f"too long: at most {MAX_LENGTH} characters")
        line = " ".join(text.lower().split()).strip("?. ")
        return Result(_answer(line, ctx), "clock")


def _answer(line: str, ctx: Context) -> str:
    now = ctx.now()
    today = now.date()
    if line in ("now", "date", "time"):
        return now.strftime({"now": "%Y-%m-%d %H:%M", "date": "%Y-%m-%d", "time": "%H:%M"}[line])
    if match := _WEEKDAY.fullmatch(line):
        return calendar.day_name[read_date(match["date"] or "today", today).weekday()]
    if match := _ADD.fullmatch(line):
        n = int(match["n"]) * (-1 if match["verb"] == "subtract" else 1)
        return add(read_date(match["date"] or "today", today), n, match["unit"]).isoformat()
    if match := _DAYS.fullmatch(line):
        return str((read_date(match["b"], today) - read_date(match["a"], today)).days)
    raise DeviceError(f"no such form; write one of: {' | '.join(Clock.usage)}")


def read_date(text: str, today: date) -> date:
    """A date in ISO or common English form; without a year it is this year's. Raises DeviceError."""
    if text in _RELATIVE:
        return add(today, _RELATIVE[text], "day")
    for form in _DATES:
        if match := re.fullmatch(form, text, re.ASCII):
            return _date(match.groupdict(), today, text)
    raise DeviceError(f"can't read the date {text[:40]!r}; write it as 2026-01-31")


def _date(part: dict[str, str | None], today: date, text: str) -> date:
    name = part.get("month")
    month = int(part.get("number") or 0) or (_MONTHS.index(name[:3]) + 1 if name and _is_month(name) else 0)
    try:
        return date(int(part.get("year") or today.year), month, int(part["day"] or 0))
    except ValueError:
        raise DeviceError(f"there is no date {text[:40]!r}") from None


def _is_month(name: str) -> bool:
    return name == "sept" or (
        name[:3] in _MONTHS and calendar.month_name[_MONTHS.index(name[:3]) + 1].lower().startswith(name)
    )


def add(start: date, n: int, unit: str) -> date:
    """`start` plus n days, weeks, months or years; a month that is too short gives its last day."""
    if abs(n) > MAX_COUNT:
        raise DeviceError(f"too far: at most {MAX_COUNT:,} at once")
    try:
        if unit in ("day", "week"):
            return start + timedelta(days=n * (7 if unit == "week" else 1))
        year, month = divmod(start.year * 12 + start.month - 1 + n * (12 if unit == "year" else 1), 12)
        return start.replace(year, month + 1, min(start.day, calendar.monthrange(year, month + 1)[1]))
    except (ValueError, OverflowError):
        raise DeviceError("that date is outside the years 1 to 9999") from None
