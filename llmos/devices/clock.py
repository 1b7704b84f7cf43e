"""The clock: what time and day it is, and reckoning with dates.

Knows: its forms, and the many ways to say them. Does not know: how a date is read (`dates.py`), what time it really is (it asks
`ctx.now`, which may be pinned). Answers are ISO dates, 24-hour times, English weekdays and plain numbers.
"""

from __future__ import annotations

import calendar
import re
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

from .base import Context, DeviceError, Result
from .dates import UNIT, add, add_workdays, has_year, month_number, read_date
from .wording import digits

MAX_LENGTH = 200  # characters
MAX_HOURS = 1_000_000  # hours or minutes added at once

_GRAMMAR = r"""
start: "now" | "date" | "time" | "weekday" (" " WHEN)? | sum | "days from " WHEN " to " WHEN | "days until " WHEN
sum: "add " COUNT " " SPAN (" to " WHEN)?
WHEN: ISO | "today" | "tomorrow" | "yesterday" | DAY " " MONTH " " YEAR | MONTH " " DAY ", " YEAR
ISO: /[12][0-9]{3}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])/
DAY: /[1-9]|[12][0-9]|3[01]/
MONTH: "January" | "February" | "March" | "April" | "May" | "June" | "July" | "August" | "September" | "October"
  | "November" | "December"
YEAR: /[12][0-9]{3}/
COUNT: /-?[0-9]{1,6}/
SPAN: "days" | "weeks" | "months"
"""
_POLITE = re.compile(
    r"^(?:please|tell me|show me|give me|get|find|check|current|the|clock|calculate|what(?:'?s| is| was| are| will be)?|"
    r"whats|which|how many|number of|count(?: of)?(?: the)?|do you have|can you tell me|compute)\b[\s:]*"
)
_SHORT = {
    "now": r"now|(?:current )?date and time|time and date|date time|datetime|timestamp|today and now",
    "date": r"date|today|todays date|today's date|date today|date is it|date (?:is )?(?:it )?(?:today|now)|day and month",
    "time": r"time|time (?:is it|now|is it now|right now|please)|time is it right now|hour|hour is it",
    "weekday": r"(?:week ?day|day|day of (?:the )?week)(?: is it| it is| is today| today| is it today| now)*",
    "month": r"month(?: is it)?|month now",
    "year": r"year(?: is it)?|year now",
    "week": r"(?:calendar )?week(?: number)?(?: is it)?",
    "ordinal": r"day (?:number )?of (?:the )?year",
}
_SAID = {
    "now": "%Y-%m-%d %H:%M",
    "date": "%Y-%m-%d",
    "time": "%H:%M",
    "weekday": "%A",
    "month": "%B",
    "year": "%Y",
    "week": "%V",
    "ordinal": "%j",
}
_FROM_TO = re.compile(
    r"(?:(?P<unit>day|week|month|year|hour|minute|night)s? |date )?(?:are there |is it |is there |lie |pass |left )?"
    r"(?:difference )?(?:(?:from|between) |(?<=[a-z] )(?=\d{4}-))"
    r"(?P<a>.+?) (?P<mid>to|and|until|till|through|-|–|->|→) (?P<b>.+)"
)
_UNTIL = re.compile(
    r"(?:(?P<unit>day|week|month|year|night)s? )?(?:are |is )?(?:it |there |left |away )?"
    r"(?P<way>until|till|to|before|since) (?P<date>.+)"
)
_WEEKDAY = re.compile(
    r"(?:on )?(?:what |which )?(?:week ?day|day of (?:the )?week|day)[ (]+(?:is |was |will |did |does |of |on |for |it |be )*"
    r"(?P<date>.+?)\)?(?: (?:fall|falls|fall on|be|is|was|land on))?"
)
_ADD = re.compile(
    r"(?P<verb>add|plus|subtract|minus|take)[ (]*(?P<n>[+-]?\d+)(?: (?P<what>business days?|working days?|weekdays?))?"
    rf" ?,? ?(?:{UNIT}|(?P<hours>hour|minute|hr|min)s?)?,?(?: (?:to|from|on|after|before|away from))*(?: (?P<date>[^)]+))?\)?"
)
_ADD_BOTH = re.compile(
    rf"(?P<verb>add|plus|subtract|minus|take) (?P<first>\d+ {UNIT})(?:,? and |, ?| )"
    r"(?P<rest>\d+ (?:day|week|fortnight|month|year)s?\b.*?)"
    r"(?P<way> (?:to|from|after|before) (?P<date>.+))?"
)
_PLUS = re.compile(rf"(?P<date>.+?) ?(?P<verb>[+-]|plus|minus) (?P<n>\d+) {UNIT}")
_MINUS = re.compile(r"(?P<b>.+?) (?:-|minus|to|until) (?P<a>.+)")
_MOMENT = re.compile(r"(?:(?P<date>.+?)[t ])?(?P<hour>[01]?\d|2[0-3]):(?P<minute>[0-5]\d)(?::\d\d)?")


_QUOTES = re.compile(r"[\"`“”]|(?<![a-z])'|'(?![a-z])")  # but "new year's"
_COMMAS = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
_TWO = re.compile(r"(\d{4}-\d\d-\d\d)(?:,| and)? (?=\d{4}-\d\d-\d\d)")
_AGE = re.compile(r"(?:age|how old)\b[a-z ]*?(?P<date>[a-z]{3,9} \d.*|\d.*)")
_WEEKDAYS = tuple(day.lower() for day in calendar.day_name)


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
        line = " ".join(_QUOTES.sub("", text.lower().replace("’", "'").replace("()", "")).split())
        line = digits(_COMMAS.sub("", line).strip("?.!= "))
        return Result(_answer(_TWO.sub(r"\1 to ", line), ctx.now()), "clock")


def _answer(line: str, now: datetime) -> str:
    for form in (line, _bare(line)):
        for kind, words in _SHORT.items():
            if re.fullmatch(words, form):
                return now.strftime(_SAID[kind]).lstrip("0" if kind in ("week", "ordinal") else "")
    if match := _AGE.fullmatch(line):
        return _counted(read_date(match["date"], now.date()), now.date(), "year").split()[0]
    for reader in (_elsewhere, _calendar, _added, _between, _until, _weekday, _date):
        found = reader(_bare(line), now)
        if found is not None:
            return found
    raise DeviceError(f"no such form; write one of: {' | '.join(Clock.usage)}")


def _bare(line: str) -> str:
    """Without what only asks."""
    before = None
    while before != line:
        before, line = line, _POLITE.sub("", line)
    line = re.sub(r"^(?:does |did )|\b(?:a|an) (?=day|week|month|year|fortnight)", "1 ", line)
    return re.sub(r"^1 (?=\d)", "", line).strip(" ?,")


def _elsewhere(line: str, now: datetime) -> str | None:
    """The time in a city that the zone database names."""
    match = re.fullmatch(
        r"(?:date and time|time|now|date)(?: now| is it)? (?:in|at) (?P<place>[a-z_/ +-]+?)(?: now)?", line
    )
    if not match or re.match(r"\d", match["place"]):
        return None
    place = match["place"].replace(" ", "_")
    zones = [z for z in available_timezones() if place in (z.lower(), z.lower().rpartition("/")[2])]
    return f"{now.astimezone(ZoneInfo(min(zones, key=len))):%Y-%m-%d %H:%M}" if zones else None


def _calendar(line: str, now: datetime) -> str | None:
    """Days in a month or a year; leap years."""
    if match := re.fullmatch(r"(?:is )?(?:it |leap year )?(?P<year>\d{4})(?: (?:is )?1? ?(?:a )?leap year)?", line):
        return ("yes" if calendar.isleap(int(match["year"])) else "no") if "leap" in line else None
    match = re.fullmatch(r"days (?:are )?(?:there )?(?:are )?in (?:(?P<month>[a-z]+) ?)?(?:of )?(?P<year>\d{4})?", line)
    if not match:
        return None
    year = int(match["year"] or now.year)
    if not match["month"] and match["year"]:
        return str(365 + calendar.isleap(year))
    month = month_number(match["month"] or "")
    return str(calendar.monthrange(year, month)[1]) if month else None


def _added(line: str, now: datetime) -> str | None:
    """A date, or with hours and minutes a time, so much later or earlier."""
    if match := _PLUS.fullmatch(line):
        n = int(match["n"]) * (-1 if match["verb"] in ("-", "minus") else 1)
        return add(read_date(match["date"], now.date()), n, match["unit"]).isoformat()
    if both := _ADD_BOTH.fullmatch(line):
        way = both["way"] or " to today"
        middle = _added(f"{both['verb']} {both['first']}{way}", now)
        return middle and _added(
            f"{both['verb']} {both['rest']}{way.removesuffix(both['date'] or 'today')}{middle}", now
        )
    match = _ADD.fullmatch(line)
    if not match:
        return None
    n = int(match["n"]) * (1 if match["verb"] in ("add", "plus") and " before" not in line else -1)
    if match["hours"]:
        return _later(now, n, match["hours"], match["date"] or "now")
    start = read_date(match["date"] or "today", now.date())
    if match["what"]:
        return add_workdays(start, n).isoformat()
    return add(start, n, match["unit"] or "day").isoformat()


def _later(now: datetime, n: int, unit: str, start: str) -> str:
    if abs(n) > MAX_HOURS:
        raise DeviceError(f"too far: at most {MAX_HOURS:,} hours or minutes at once")
    moment = now if start in ("now", "today") else _moment(start, now)
    try:
        later = moment + (timedelta(hours=n) if unit.startswith("h") else timedelta(minutes=n))
    except OverflowError:
        raise DeviceError("that date is outside the years 1 to 9999") from None
    return (
        f"{later:%H:%M}"
        if re.fullmatch(r"\d{1,2}:\d\d", start) and later.date() == moment.date()
        else f"{later:%Y-%m-%d %H:%M}"
    )


def _moment(text: str, now: datetime) -> datetime:
    match = _MOMENT.fullmatch(text)
    if not match:
        raise DeviceError(f"can't read the time {text[:40]!r}; write it as 17:30 or 2026-01-31 17:30")
    day = read_date(match["date"] or "today", now.date())
    return now.replace(day.year, day.month, day.day, int(match["hour"]), int(match["minute"]), 0, 0)


def _between(line: str, now: datetime) -> str | None:
    """From A to B in days, or in the unit that is named; between two times in hours or minutes."""
    match = _FROM_TO.fullmatch(line)
    if not match and (match := _MINUS.fullmatch(line)):
        try:
            a, b = read_date(match["a"], now.date()), read_date(match["b"], now.date())
        except DeviceError:
            return None
        return str(abs((b - a).days))
    if not match:
        return None
    unit = match["unit"] or "day"
    if unit in ("hour", "minute"):
        a, b = (_clock_time(match[name], now) for name in "ab")
        return f"{(b - a).total_seconds() / (3600 if unit == 'hour' else 60):g}"
    a, b = read_date(match["a"], now.date()), read_date(match["b"], now.date())
    if b < a and match["b"] in _WEEKDAYS:
        b = add(b, 1, "week")
    return _counted(a, b, unit)


def _clock_time(text: str, now: datetime) -> datetime:
    if text == "now":
        return now
    return _moment(text, now) if ":" in text else _moment(f"{text} 00:00", now)


def _until(line: str, now: datetime) -> str | None:
    """From today to a date or from a date to today; a date without a year is the next or the last such day."""
    match = _UNTIL.fullmatch(line)
    if not match or line.startswith("day before"):
        return None
    today, since = now.date(), match["way"] == "since"
    day = read_date(match["date"], today)
    if not has_year(match["date"]) and (day > today if since else day < today):
        day = add(day, -1 if since else 1, "year")
    return _counted(*((day, today) if since else (today, day)), match["unit"] or "day")


def _counted(a: date, b: date, unit: str) -> str:
    """Whole units from a to b, and the days that are left over."""
    days = (b - a).days
    if unit in ("day", "night"):
        return str(days)
    if a > b:
        a, b = b, a
    if unit == "week":
        count = (b - a).days // 7
    else:
        count = (b.year - a.year) * 12 + b.month - a.month
        count -= add(a, count, "month") > b
        count //= 12 if unit == "year" else 1
    rest = (b - add(a, count, unit)).days
    sign = "-" if days < 0 else ""
    return f"{sign}{count}" + (f" {unit}s and {rest} day{'s' * (rest != 1)}" if rest else "")


def _weekday(line: str, now: datetime) -> str | None:
    match = _WEEKDAY.fullmatch(line)
    if not match or line.startswith(("day after", "day before")):
        return None
    return calendar.day_name[read_date(match["date"], now.date()).weekday()]


def _date(line: str, now: datetime) -> str | None:
    """A date in any form, as ISO."""
    if re.match(r"(?:add|subtract|plus|minus|days|weeks|months|years) ", line):
        return None
    line = re.sub(
        r"^date(?: (?:is|was|will it be|will be|of|it))*(?: be)? (?=.)|^day (?:is|was|will it be) |(?:'s|s') date$",
        "",
        line,
    )
    line = re.sub(r"^(?:will |would )?(?:(?:it|(?:the )?date) )?be |^is (?:it )?", "", line)
    return read_date(line, now.date()).isoformat() if line else None
