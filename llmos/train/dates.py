"""Dialogues that need the clock: now, weekdays, dates so many days away, days between dates.

Knows: ways to ask and the calendar of `datetime`. Does not know: the clock device, nor what day it is (days are drawn).
"""

from __future__ import annotations

from calendar import day_name, month_name, monthrange
from datetime import date, datetime, timedelta
from random import Random

from . import lexicon
from .dialogue import Call, Exchange, Maker, Say, ask, expand
from .wording import ways

NEAR = (
    ("dates.tomorrow", 1),
    ("dates.yesterday", -1),
    ("dates.in_a_week", 7),
    ("dates.in_two_weeks", 14),
    ("dates.a_week_ago", -7),
)


def moment(rng: Random) -> datetime:
    return datetime(2024, 1, 1) + timedelta(seconds=rng.randrange(6 * 365 * 86400))


def day(rng: Random) -> date:
    return date(1950, 1, 1) + timedelta(days=rng.randrange(100 * 365))


def shown(rng: Random, when: date) -> str:
    """A date as a person writes it: mostly ISO, sometimes in words."""
    if rng.random() < 0.55:
        return when.isoformat()
    month = month_name[when.month]
    if rng.random() < 0.3:
        month = month[:3]
    return rng.choice(
        [f"{when.day} {month} {when.year}", f"{month} {when.day}, {when.year}", f"{month} {when.day} {when.year}"]
    )


def time_now(rng: Random) -> Exchange:
    now = moment(rng)
    pattern = ways("dates.time_now")
    result = f"{now:%H:%M}"
    return Exchange(ask(rng, pattern + "[?|?|]"), (Call("clock", "time", result), Say(f"It is {result}.")))


def date_now(rng: Random) -> Exchange:
    now = moment(rng)
    pattern = ways("dates.date_now") + "[| today]"
    result = f"{now:%Y-%m-%d}"
    return Exchange(ask(rng, pattern + "[?|?|]"), (Call("clock", "date", result), Say(f"Today is {result}.")))


def both_now(rng: Random) -> Exchange:
    now = moment(rng)
    pattern = ways("dates.both_now")
    result = f"{now:%Y-%m-%d %H:%M}"
    return Exchange(ask(rng, pattern + "[?|?|]"), (Call("clock", "now", result), Say(f"It is {result}.")))


def weekday_now(rng: Random) -> Exchange:
    pattern = ways("dates.weekday_now")
    result, near = rng.choice(list(day_name)), rng.choice(["", "", "tomorrow", "yesterday"])
    if near:
        pattern = ways("dates.weekday_near").replace("{near}", near)
    said = f"{near.capitalize()} is" if near == "tomorrow" else "Yesterday was" if near else "It is"
    call = Call("clock", f"weekday {near}".rstrip(), result)
    return Exchange(ask(rng, pattern + "[?|?|]"), (call, Say(f"{said} {result}.")))


def weekday_of(rng: Random) -> Exchange:
    when = day(rng)
    pattern = ways("dates.weekday_of")
    result = day_name[when.weekday()]
    request = ask(rng, pattern + "[?|?|]", d=shown(rng, when))
    return Exchange(request, (Call("clock", f"weekday {when}", result), Say(f"{when} is a {result}.")))


def soon(rng: Random) -> Exchange:
    """Dates reckoned from today."""
    now = day(rng)
    if rng.random() < 0.25:
        key, days = rng.choice(NEAR)
        pattern = ways(key)
    elif rng.random() < 0.7:
        days = lexicon.number(rng, 3) + 1
        pattern = ways("dates.in_days")
    else:
        days = -lexicon.number(rng, 3) - 1
        pattern = ways("dates.days_ago")
    result = str(now + timedelta(days=days))
    request = ask(rng, pattern + "[?|?|]", n=str(abs(days)))
    return Exchange(request, (Call("clock", f"add {days} days", result), Say(f"That is {result}.")))


def after(rng: Random) -> Exchange:
    """Dates reckoned from a date."""
    start, days = day(rng), lexicon.number(rng, 3) + 1
    pattern = ways("dates.after")
    if rng.random() < 0.25:
        days = -days
        pattern = ways("dates.before")
    result = str(start + timedelta(days=days))
    request = ask(rng, pattern + "[?|?|]", n=str(abs(days)), d=shown(rng, start))
    return Exchange(request, (Call("clock", f"add {days} days to {start}", result), Say(f"That is {result}.")))


def between(rng: Random) -> Exchange:
    """Days from one date to another."""
    start = day(rng)
    end = start + timedelta(days=rng.choice([rng.randint(1, 60), rng.randint(1, 700), rng.randint(1, 20000)]))
    pattern = ways("dates.between")
    if "how far" in (pattern := expand(rng, pattern)):
        pattern = "how many days is it from {a} until {b}"
    days = str((end - start).days)
    request = ask(rng, pattern + "[?|?|]", a=shown(rng, start), b=shown(rng, end))
    return Exchange(request, (Call("clock", f"days from {start} to {end}", days), Say(f"That is {days} days.")))


def weeks(rng: Random) -> Exchange:
    """Weeks and months from today or from a date."""
    start, n, unit = day(rng), rng.randint(1, 30), rng.choice(["week", "month"])
    end = start + timedelta(days=7 * n) if unit == "week" else months_after(start, n)
    named = f"{n} {unit}s"
    if rng.random() < 0.5:
        pattern, args = ways("dates.weeks"), f"add {named}"
    else:
        pattern, args = ways("dates.weeks_after"), f"add {named} to {start}"
    request = ask(rng, pattern + "[?|?|]", n=named, d=shown(rng, start))
    return Exchange(request, (Call("clock", args, str(end)), Say(f"That is {end}.")))


def months_after(start: date, n: int) -> date:
    """The same day n months later, or the last day of a month that is too short."""
    year, month = divmod(start.year * 12 + start.month - 1 + n, 12)
    return start.replace(year, month + 1, min(start.day, monthrange(year, month + 1)[1]))


MAKERS: tuple[tuple[int, Maker], ...] = (
    (2, time_now),
    (2, date_now),
    (1, both_now),
    (2, weekday_now),
    (4, weekday_of),
    (4, soon),
    (4, after),
    (5, between),
    (2, weeks),
)
