"""Dialogues that need the clock: now, weekdays, dates so many days away, days between dates.

Knows: ways to ask and the calendar of `datetime`. Does not know: the clock device, nor what day it is (days are drawn).
"""

from __future__ import annotations

from calendar import monthrange
from datetime import date, datetime, timedelta
from random import Random

from . import lexicon
from .dialogue import Call, Exchange, Maker, Say, ask, expand

MONTHS = "January February March April May June July August September October November December".split()
DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()


def moment(rng: Random) -> datetime:
    return datetime(2024, 1, 1) + timedelta(seconds=rng.randrange(6 * 365 * 86400))


def day(rng: Random) -> date:
    return date(1950, 1, 1) + timedelta(days=rng.randrange(100 * 365))


def shown(rng: Random, when: date) -> str:
    """A date as a person writes it: mostly ISO, sometimes in words."""
    if rng.random() < 0.55:
        return when.isoformat()
    month = MONTHS[when.month - 1]
    if rng.random() < 0.3:
        month = month[:3]
    return rng.choice([f"{when.day} {month} {when.year}", f"{month} {when.day}, {when.year}", f"{month} {when.day} {when.year}"])


def time_now(rng: Random) -> Exchange:
    now = moment(rng)
    pattern = "[what time is it|what is the time|what's the time|tell me the time|what time is it now|do you know what time it is|time please|how late is it|current time|the time|show me the time|what does the clock say|got the time]"
    result = f"{now:%H:%M}"
    return Exchange(ask(rng, pattern + "[?|?|]"), (Call("clock", "time", result), Say(f"It is {result}.")))


def date_now(rng: Random) -> Exchange:
    now = moment(rng)
    pattern = "[what is the date|what's the date|what date is it|what's today's date|what is today's date|tell me the date|date please|which date is it|today's date|the date today|give me today's date|what date do we have][| today]"
    result = f"{now:%Y-%m-%d}"
    return Exchange(ask(rng, pattern + "[?|?|]"), (Call("clock", "date", result), Say(f"Today is {result}.")))


def both_now(rng: Random) -> Exchange:
    now = moment(rng)
    pattern = "[what are the date and time|what is the date and time|what's the time and date|date and time|give me the date and the time|what day and time is it|tell me the date and time|what is the current date and time|time and date]"
    result = f"{now:%Y-%m-%d %H:%M}"
    return Exchange(ask(rng, pattern + "[?|?|]"), (Call("clock", "now", result), Say(f"It is {result}.")))


def weekday_now(rng: Random) -> Exchange:
    pattern = "[what day is it|what day is today|which day is it|what weekday is it|which weekday is today|what day of the week is it|tell me the day|what's the day today|today is which day|which day of the week is today|do you know what day it is]"
    result, near = rng.choice(DAYS), rng.choice(["", "", "tomorrow", "yesterday"])
    if near:
        pattern = f"[what day [is|was] it {near}|which weekday is {near}|what day of the week is {near}|what weekday was {near}]"
    said = f"{near.capitalize()} is" if near == "tomorrow" else "Yesterday was" if near else "It is"
    call = Call("clock", f"weekday {near}".rstrip(), result)
    return Exchange(ask(rng, pattern + "[?|?|]"), (call, Say(f"{said} {result}.")))


def weekday_of(rng: Random) -> Exchange:
    when = day(rng)
    pattern = "[what weekday is {d}|what day of the week is {d}|which day of the week was {d}|which weekday is {d}|what day is {d}|what day was {d}|on what day does {d} fall|which day does {d} fall on|what weekday was {d}|weekday of {d}|tell me the weekday of {d}|{d} is what day of the week|day of the week for {d}]"
    result = DAYS[when.weekday()]
    request = ask(rng, pattern + "[?|?|]", d=shown(rng, when))
    return Exchange(request, (Call("clock", f"weekday {when}", result), Say(f"{when} is a {result}.")))


def soon(rng: Random) -> Exchange:
    """Dates reckoned from today."""
    now = day(rng)
    if rng.random() < 0.25:
        pattern, days = rng.choice([("[what is the date tomorrow|what date is tomorrow|tomorrow's date|which date is it tomorrow]", 1), ("[what was the date yesterday|what date was yesterday|yesterday's date|which date was yesterday]", -1), ("[what date is it in a week|what's the date a week from now|what date is one week from today]", 7), ("[what date is it in two weeks|the date two weeks from now|what is the date in 14 days]", 14), ("[what was the date a week ago|what date was it one week ago|the date 7 days ago]", -7)])  # fmt: skip
    elif rng.random() < 0.7:
        days = lexicon.number(rng, 3) + 1
        pattern = "[what date is it in {n} days|what is the date {n} days from now|what date is {n} days from today|what date will it be in {n} days|add {n} days to today|date in {n} days|which date is {n} days away|what will the date be {n} days from today|today plus {n} days|in {n} days, what is the date]"
    else:
        days = -lexicon.number(rng, 3) - 1
        pattern = "[what was the date {n} days ago|what date was it {n} days ago|the date {n} days ago|which date was {n} days before today|today minus {n} days|{n} days ago was what date]"
    result = str(now + timedelta(days=days))
    request = ask(rng, pattern + "[?|?|]", n=str(abs(days)))
    return Exchange(request, (Call("clock", f"add {days} days", result), Say(f"That is {result}.")))


def after(rng: Random) -> Exchange:
    """Dates reckoned from a date."""
    start, days = day(rng), lexicon.number(rng, 3) + 1
    pattern = "[what date is {n} days after {d}|add {n} days to {d}|{d} plus {n} days|what is {n} days after {d}|which date comes {n} days after {d}|{n} days from {d}|count {n} days from {d}|what is the date {n} days after {d}]"
    if rng.random() < 0.25:
        days = -days
        pattern = "[what date is {n} days before {d}|what was the date {n} days before {d}|{d} minus {n} days|which date is {n} days before {d}|take {n} days from {d}]"
    result = str(start + timedelta(days=days))
    request = ask(rng, pattern + "[?|?|]", n=str(abs(days)), d=shown(rng, start))
    return Exchange(request, (Call("clock", f"add {days} days to {start}", result), Say(f"That is {result}.")))


def between(rng: Random) -> Exchange:
    """Days from one date to another."""
    start = day(rng)
    end = start + timedelta(days=rng.choice([rng.randint(1, 60), rng.randint(1, 700), rng.randint(1, 20000)]))
    pattern = "[how many days [are there |]from {a} to {b}|how many days [are there |]between {a} and {b}|days from {a} to {b}|days between {a} and {b}|number of days from {a} to {b}|how long is it from {a} to {b}|how far is {b} from {a}|count the days from {a} to {b}|{a} to {b}, how many days]"
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
        pattern, args = "[what date is it in {n}|what is the date {n} from now|add {n} to today|which date is {n} away|today plus {n}|date in {n}]", f"add {named}"
    else:
        pattern, args = "[what date is {n} after {d}|add {n} to {d}|{d} plus {n}|which date comes {n} after {d}|{n} from {d}]", f"add {named} to {start}"
    request = ask(rng, pattern + "[?|?|]", n=named, d=shown(rng, start))
    return Exchange(request, (Call("clock", args, str(end)), Say(f"That is {end}.")))


def months_after(start: date, n: int) -> date:
    """The same day n months later, or the last day of a month that is too short."""
    year, month = divmod(start.year * 12 + start.month - 1 + n, 12)
    return start.replace(year, month + 1, min(start.day, monthrange(year, month + 1)[1]))


MAKERS: tuple[tuple[int, Maker], ...] = (
    (2, time_now), (2, date_now), (1, both_now), (2, weekday_now), (4, weekday_of), (4, soon), (4, after), (5, between), (2, weeks),
)  # fmt: skip
