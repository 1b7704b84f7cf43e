"""Dates as people write them: ISO, with names of months, relative to today, weekdays, a few fixed days of the year.

Knows: the calendar and these forms. Does not know: what day it is (it is told), what is asked about a date (`clock.py`).
"3/4/2026" is refused, since nobody can know which of the two is the month. "friday" and "this friday" are the next one,
today included; "next friday" is the first after today; "last friday" the last before it. Without a year it is this year's.
"""

from __future__ import annotations

import calendar
import re
from datetime import date, timedelta

from .base import DeviceError

MAX_COUNT = 10_000_000  # days, weeks or months added at once

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS = tuple(day.lower() for day in calendar.day_name)
_RELATIVE = {
    "today": 0,
    "date": 0,
    "now": 0,
    "tonight": 0,
    "this morning": 0,
    "tomorrow": 1,
    "yesterday": -1,
    "day after tomorrow": 2,
    "day before yesterday": -2,
}
_FIXED = {
    "christmas": (12, 25),
    "christmas day": (12, 25),
    "christmas eve": (12, 24),
    "new year": (1, 1),
    "new year's day": (1, 1),
    "new years day": (1, 1),
    "new year's eve": (12, 31),
    "new years eve": (12, 31),
    "halloween": (10, 31),
    "valentine's day": (2, 14),
    "valentines day": (2, 14),
}
_MONTH = r"(?P<month>[a-z]{3,9})\.?"
_DAY = r"(?P<day>\d{1,2})(?:st|nd|rd|th)?"
_YEAR = r"(?:,? (?P<year>\d{4}))?"
_ISO = r"(?P<year>\d{4})(?P<s>[-/.])(?P<number>\d{1,2})(?P=s)(?P<day>\d{1,2})"
_ISO += r"(?:[t ]\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)? ?(?:z|[+-]\d\d:?\d\d)?)?"
_COMPACT = r"(?P<year>[12]\d{3})(?P<number>\d{2})(?P<day>\d{2})"
_DATES = (_ISO, _COMPACT, rf"{_DAY}[ -](?:of )?{_MONTH}{_YEAR.replace(',? ', '[,. -]+')}", rf"{_MONTH} {_DAY}{_YEAR}")
_NUMBERS = re.compile(r"(\d{1,2})([./-])(\d{1,2})\2(\d{4})", re.ASCII)
UNIT = r"(?P<unit>day|week|fortnight|month|year|quarter)s?"
_AWAY = re.compile(
    rf"(?P<n>\d+) {UNIT} (?P<way>from|after|before|ago|later|hence|in the future|back)(?: (?P<date>.+))?"
)
_SHIFTED = {
    "next week": (1, "week"),
    "last week": (-1, "week"),
    "next month": (1, "month"),
    "last month": (-1, "month"),
}
_SHIFTED |= {"next year": (1, "year"), "last year": (-1, "year"), "this week": (0, "day"), "this month": (0, "day")}


def read_date(text: str, today: date) -> date:
    """Raises DeviceError for what is no date, or could be two."""
    line = re.sub(r"^(?:the|on|in the|by|at|date|of)\s+(?=.)|\bthe (?=\d|end|day)", "", text.strip(" ,.?"))
    if line in _RELATIVE:
        return add(today, _RELATIVE[line], "day")
    if line in _SHIFTED:
        return add(today, *_SHIFTED[line])
    found = _fixed(line, today) or _weekday(line, today) or _away(line, today) or _written(line, today)
    if found is None:
        raise DeviceError(f"can't read the date {text[:40]!r}; write it as 2026-01-31")
    return found


def has_year(text: str) -> bool:
    """Does the date say its year by itself? Without one, "until" means the next such day and "since" the last."""
    return re.search(r"\d{4}", text) is not None


def _fixed(line: str, today: date) -> date | None:
    match = re.fullmatch(r"(?P<name>[a-z' ]+?)(?: (?:day )?(?P<year>\d{4}))?", line)
    if match and match["name"] in _FIXED:
        return date(int(match["year"] or today.year), *_FIXED[match["name"]])
    ends = re.fullmatch(r"(?:the )?(?P<which>end|start|beginning) of (?:the |this )?(?P<unit>month|year)", line)
    if not ends:
        return None
    first = today.replace(day=1, month=today.month if ends["unit"] == "month" else 1)
    return first if ends["which"] != "end" else add(add(first, 1, ends["unit"]), -1, "day")


def _weekday(line: str, today: date) -> date | None:
    match = re.fullmatch(
        rf"(?:(?P<which>next|this|coming|upcoming|last|past|previous) )?(?P<name>{'|'.join(_DAYS)})", line
    )
    if not match:
        return None
    ahead = (_DAYS.index(match["name"]) - today.weekday()) % 7
    if match["which"] in ("last", "past", "previous"):
        return add(today, ahead - 7, "day")
    return add(today, ahead or (7 if match["which"] == "next" else 0), "day")


def _away(line: str, today: date) -> date | None:
    """In 3 days, 3 days ago, 2 weeks after 2026-01-31."""
    if near := re.fullmatch(rf"in (?P<n>\d+) {UNIT}(?: time)?", line):
        return add(today, int(near["n"]), near["unit"])
    match = _AWAY.fullmatch(line)
    if not match or (match["date"] is None) != (match["way"] not in ("from", "after", "before")):
        return None
    start = read_date(match["date"], today) if match["date"] else today
    return add(start, int(match["n"]) * (-1 if match["way"] in ("before", "ago", "back") else 1), match["unit"])


def _written(line: str, today: date) -> date | None:
    line = re.sub(rf"^(?:{'|'.join(_DAYS)}|{'|'.join(day[:3] for day in _DAYS)})\.?,? (?=.*\d)", "", line)
    for form in _DATES:
        if match := re.fullmatch(form, line, re.ASCII):
            return _date(match.groupdict(), today, line)
    if match := _NUMBERS.fullmatch(line):
        return _of_numbers(int(match[1]), int(match[3]), int(match[4]), match[2], line)
    return None


def _of_numbers(a: int, b: int, year: int, mark: str, text: str) -> date:
    """31.1.2026 is day and month; with slashes only what can be read in one way."""
    if mark != "." and a <= 12 and b <= 12 and a != b:
        raise DeviceError(f"{text[:20]!r} could be two dates; write it as 2026-01-31")
    day, month = (b, a) if mark != "." and b > 12 else (a, b)
    return _date({"year": str(year), "number": str(month), "day": str(day)}, date(year or 1, 1, 1), text)


def _date(part: dict[str, str | None], today: date, text: str) -> date:
    name = part.get("month")
    month = int(part.get("number") or 0) or (month_number(name) if name else 0)
    try:
        return date(int(part.get("year") or today.year), month, int(part["day"] or 0))
    except ValueError:
        raise DeviceError(f"there is no date {text[:40]!r}") from None


def month_number(name: str) -> int:
    """1 to 12 for a month's name or its beginning; 0 for anything else."""
    if name == "sept":
        return 9
    number = _MONTHS.index(name[:3]) + 1 if name[:3] in _MONTHS else 0
    return number if number and calendar.month_name[number].lower().startswith(name) else 0


def add(start: date, n: int, unit: str) -> date:
    """`start` plus n days, weeks, months or years; a month that is too short gives its last day."""
    if abs(n) > MAX_COUNT:
        raise DeviceError(f"too far: at most {MAX_COUNT:,} at once")
    try:
        if unit in ("day", "week", "fortnight"):
            return start + timedelta(days=n * {"day": 1, "week": 7, "fortnight": 14}[unit])
        months = {"month": 1, "quarter": 3, "year": 12}[unit]
        year, month = divmod(start.year * 12 + start.month - 1 + n * months, 12)
        return start.replace(year, month + 1, min(start.day, calendar.monthrange(year, month + 1)[1]))
    except (ValueError, OverflowError):
        raise DeviceError("that date is outside the years 1 to 9999") from None


def add_workdays(start: date, n: int) -> date:
    """n days from Monday to Friday later; holidays are not known here."""
    if abs(n) > MAX_COUNT // 1000:
        raise DeviceError(f"too far: at most {MAX_COUNT // 1000:,} working days at once")
    step = 1 if n > 0 else -1
    for _ in range(abs(n)):
        start = add(start, step, "day")
        while start.weekday() > 4:
            start = add(start, step, "day")
    return start
