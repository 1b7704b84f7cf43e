"""Ways to ask the clock and to write dates, with answers worked out by hand; and what stays refused."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmos.devices.base import Context
from llmos.devices.clock import Clock

from .helpers import ask, refusal

CLOCK = Clock()
PINNED = Context(now=lambda: datetime(2026, 5, 20, 10, 30))  # a Wednesday
SAID = """
now  ->  2026-05-20 10:30
date  ->  2026-05-20
time  ->  10:30
today  ->  2026-05-20
what time is it  ->  10:30
what time is it?  ->  10:30
what day is it  ->  Wednesday
what day is it today  ->  Wednesday
what is the date  ->  2026-05-20
what's the date today?  ->  2026-05-20
current date  ->  2026-05-20
current time  ->  10:30
the time  ->  10:30
get time  ->  10:30
get date  ->  2026-05-20
now()  ->  2026-05-20 10:30
date and time  ->  2026-05-20 10:30
datetime  ->  2026-05-20 10:30
today's date  ->  2026-05-20
day  ->  Wednesday
weekday  ->  Wednesday
weekday today  ->  Wednesday
weekday of 2026-01-31  ->  Saturday
weekday 20260131  ->  Saturday
weekday '2026-01-31'  ->  Saturday
weekday 2026-01-31T10:30:00+02:00  ->  Saturday
weekday 2026-01-31T10:30:00.123Z  ->  Saturday
add 1,000 days to 2026-01-01  ->  2028-09-27
add 2 weeks and 3 days to 2026-05-20  ->  2026-06-06
add 1 month and 1 day to 2026-01-30  ->  2026-03-01
add 1 week, 1 day  ->  2026-05-28
subtract 1 year and 2 days from 2026-05-20  ->  2025-05-18
days from 2026-01-01 - 2026-02-01  ->  31
days 2026-01-01 2026-02-01  ->  31
date + 5 days  ->  2026-05-25
weekday 2026-01-31  ->  Saturday
weekday(2026-01-31)  ->  Saturday
weekday on 3 March 2026  ->  Tuesday
weekday 3 March 2026  ->  Tuesday
weekday March 3, 2026  ->  Tuesday
weekday March 3rd, 2026  ->  Tuesday
weekday of the 3rd of March 2026  ->  Tuesday
weekday 3.3.2026  ->  Tuesday
weekday 03/03/2026  ->  Tuesday
weekday 12/25/2026  ->  Friday
weekday 25/12/2026  ->  Friday
weekday Mar 3 2026  ->  Tuesday
weekday tomorrow  ->  Thursday
weekday yesterday  ->  Tuesday
weekday christmas  ->  Friday
weekday next friday  ->  Friday
weekday in 10 days  ->  Saturday
what day is 2026-07-04  ->  Saturday
what weekday is 2026-07-04?  ->  Saturday
what day of the week is July 4, 2026?  ->  Saturday
day of week 2026-07-04  ->  Saturday
day of the week for July 4 2026  ->  Saturday
which day is July 4  ->  Saturday
on what day does July 4 2026 fall  ->  Saturday
date tomorrow  ->  2026-05-21
date in 10 days  ->  2026-05-30
tomorrow  ->  2026-05-21
yesterday  ->  2026-05-19
day after tomorrow  ->  2026-05-22
the day before yesterday  ->  2026-05-18
next friday  ->  2026-05-22
next week  ->  2026-05-27
last monday  ->  2026-05-18
this friday  ->  2026-05-22
friday  ->  2026-05-22
next month  ->  2026-06-20
in 3 days  ->  2026-05-23
in 2 weeks  ->  2026-06-03
3 days from now  ->  2026-05-23
10 days ago  ->  2026-05-10
2 weeks ago  ->  2026-05-06
3 days from today  ->  2026-05-23
3 days after tomorrow  ->  2026-05-24
30 days after 2026-01-31  ->  2026-03-02
30 days before 2026-01-31  ->  2026-01-01
5 weeks before March 3  ->  2026-01-27
add 30 days to 2026-01-31  ->  2026-03-02
add 30 days to January 31, 2026  ->  2026-03-02
add 30 days  ->  2026-06-19
add 30 days to today  ->  2026-06-19
add 30 days from today  ->  2026-06-19
add 30 days to now  ->  2026-06-19
add thirty days to 2026-01-31  ->  2026-03-02
add a week to today  ->  2026-05-27
add 1 week  ->  2026-05-27
add 2 months to 2026-01-31  ->  2026-03-31
add 1 year to 2026-02-28  ->  2027-02-28
add 1 day to 2026-02-28  ->  2026-03-01
add 3 hours  ->  2026-05-20 13:30
add 90 minutes to now  ->  2026-05-20 12:00
add 2 hours to 10:30  ->  12:30
add -5 days to 2026-01-10  ->  2026-01-05
subtract 5 days from 2026-01-10  ->  2026-01-05
minus 5 days from today  ->  2026-05-15
2026-01-31 + 30 days  ->  2026-03-02
2026-01-31 - 30 days  ->  2026-01-01
today + 30 days  ->  2026-06-19
today - 7 days  ->  2026-05-13
add 10 business days  ->  2026-06-03
add 30 to 2026-01-31  ->  2026-03-02
add 30 days 2026-01-31  ->  2026-03-02
add(30, days, 2026-01-31)  ->  2026-03-02
days from 2026-01-01 to 2026-12-31  ->  364
days from today to 2026-12-25  ->  219
days from now to christmas  ->  219
days between 2026-01-01 and 2026-12-31  ->  364
days between Jan 1 and Dec 31  ->  364
days between January 1, 2026 and March 1, 2026  ->  59
days until 2026-12-25  ->  219
days until December 25  ->  219
days till christmas  ->  219
days to 2026-12-25  ->  219
how many days until 2026-12-25  ->  219
how many days from 2026-01-01 to 2026-02-01  ->  31
how many days are there between 2026-01-01 and 2026-02-01?  ->  31
number of days from 1 Jan 2026 to 1 Feb 2026  ->  31
days since 2026-01-01  ->  139
days since January 1  ->  139
weeks from 2026-01-01 to 2026-02-01  ->  4 weeks and 3 days
weeks between 2026-01-01 and 2026-02-01  ->  4 weeks and 3 days
months between 2026-01-01 and 2026-12-01  ->  11
years between 2000-01-01 and 2026-01-01  ->  26
hours from 09:00 to 17:30  ->  8.5
minutes between 9:15 and 10:00  ->  45
days in february 2028  ->  29
days in february  ->  28
days in 2028  ->  366
is 2028 a leap year  ->  yes
leap year 2028  ->  yes
2026-12-31 - 2026-01-01  ->  364
2026-12-31 minus 2026-01-01  ->  364
from 2026-01-01 to 2026-12-31  ->  364
difference between 2026-01-01 and 2026-12-31  ->  364
days from 2026-01-01 2026-12-31  ->  364
days from 2026-01-01 until 2026-12-31  ->  364
days from monday to friday  ->  4
month  ->  May
year  ->  2026
week  ->  21
week number  ->  21
day of year  ->  140
what is tomorrow's date  ->  2026-05-21
what will the date be in 100 days  ->  2026-08-28
what date is 100 days from now  ->  2026-08-28
what was the date 100 days ago  ->  2026-02-09
date 100 days from today  ->  2026-08-28
date of next friday  ->  2026-05-22
2026-07-04  ->  2026-07-04
July 4 2026  ->  2026-07-04
age 1990-05-21  ->  35
"""
PAIRS = [tuple(line.split("  ->  ")) for line in SAID.strip().splitlines()]
REFUSED = [
    "days from A to B", "days until my birthday", "weekday 2026-02-30", "weekday 29 Feb 2027", "weekday 3/4/2026",
    "time in nowhere",
    "add some days", "add 30 eons", "add 10 days to nothing", "days from 2026-01-01 to", "next", "last", "in days", "ago",
    "3 days", "weekday", "days in smarch", "25:00", "add 2 hours to 25:99", "hours from 9 to", "age", "christmas 99999",
    "add 99999999 hours", "add 999999 business days", "leap", "leap year", "the", "friday 13", "13 friday", "month 13",
    "day of doom", "2026", "january", "12", "what", "add 5", "week 99", "weekday in 99999999 days",
]  # fmt: skip


@pytest.mark.parametrize(("text", "value"), PAIRS, ids=lambda x: x[:30])
def test_ways_to_ask(text: str, value: str) -> None:
    assert ask(CLOCK, text, PINNED) == value


@pytest.mark.parametrize("text", [text for text in REFUSED if text not in ("weekday", "add 5")])
def test_what_is_no_form_is_refused(text: str) -> None:
    assert refusal(CLOCK, text, PINNED)


@given(
    st.integers(0, 400),
    st.sampled_from(["in {n} days", "{n} days from now", "{n} days from today", "today + {n} days"]),
)
def test_days_ahead_agree_with_the_calendar(n: int, way: str) -> None:
    assert ask(CLOCK, way.format(n=n), PINNED) == (date(2026, 5, 20) + timedelta(days=n)).isoformat()


@given(st.dates(date(2000, 1, 1), date(2099, 12, 31)), st.dates(date(2000, 1, 1), date(2099, 12, 31)))
def test_differences_agree_however_they_are_asked(a: date, b: date) -> None:
    days = (b - a).days
    for way in (
        "days from {a} to {b}",
        "days between {a} and {b}",
        "how many days from {a} until {b}?",
        "from {a} to {b}",
    ):
        assert ask(CLOCK, way.format(a=a, b=b), PINNED) == str(days)
    assert ask(CLOCK, f"days until {b}", PINNED) == str((b - date(2026, 5, 20)).days)
    assert ask(CLOCK, f"{b} - {a}", PINNED) == str(abs(days))


@pytest.mark.parametrize(
    "when", [datetime(2026, 5, 22), datetime(2026, 12, 31), datetime(2028, 2, 29), datetime(2026, 1, 1)]
)
def test_weekdays_by_name_are_never_today_when_next_and_never_ahead_when_last(when: datetime) -> None:
    ctx = Context(now=lambda: when)
    for name in ("monday", "friday", "sunday"):
        this, after, last = (
            date.fromisoformat(ask(CLOCK, f"{which} {name}", ctx)) for which in ("this", "next", "last")
        )
        assert when.date() <= this <= when.date() + timedelta(days=6)
        assert when.date() < after <= when.date() + timedelta(days=7)
        assert when.date() - timedelta(days=7) <= last < when.date()
        assert ask(CLOCK, f"weekday {after}", ctx).lower() == name


def test_a_time_elsewhere() -> None:

    ctx = Context(now=lambda: datetime(2026, 5, 20, 10, 30, tzinfo=UTC))
    assert ask(CLOCK, "what time is it in Tokyo?", ctx) == "2026-05-20 19:30"
