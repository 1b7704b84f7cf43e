"""The clock: forms and dates people write, against the calendar; a pinned clock; hostile dates."""

from __future__ import annotations

import calendar
import random
from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmos.devices.base import Context
from llmos.devices.clock import Clock

from .helpers import accepts, ask, refusal
from .walk import sentences

CLOCK = Clock()
PINNED = Context(now=lambda: datetime(2026, 11, 24, 5, 7))

KNOWN = {
    "now": "2026-11-24 05:07",
    "date": "2026-11-24",
    "time": "05:07",
    "weekday": "Tuesday",
    "Weekday?": "Tuesday",
    "weekday tomorrow": "Wednesday",
    "weekday 2026-01-31": "Saturday",
    "weekday 2026/1/31": "Saturday",
    "weekday 3 March 2025": "Monday",
    "weekday March 3rd, 2025": "Monday",
    "weekday Mar 3 2025": "Monday",
    "weekday on 1 Sept 2025": "Monday",
    "weekday 3 March": "Tuesday",
    "weekday 29 February 2024": "Thursday",
    "add 30 days to 2026-01-31": "2026-03-02",
    "add 7 days": "2026-12-01",
    "add -7 days": "2026-11-17",
    "add 2 weeks to today": "2026-12-08",
    "add 1 month to 2026-01-31": "2026-02-28",
    "add 1 month to 31 January 2024": "2024-02-29",
    "add 13 months to 2026-12-31": "2028-01-31",
    "subtract 1 day from 2026-01-01": "2025-12-31",
    "add 4 years to 2024-02-29": "2028-02-29",
    "days from 2026-01-01 to 2026-12-25": "358",
    "days from 2026-12-25 to 2026-01-01": "-358",
    "days between yesterday and tomorrow": "2",
    "days from 1st of May 2025 until June 2, 2025": "32",
}

HOSTILE = [
    "",
    "then",
    "weekday 2026-02-30",
    "weekday 31 April 2025",
    "weekday 0000-01-01",
    "weekday 2026-13-01",
    "weekday 0 May 2026",
    "weekday 3/4/2025",
    "weekday never",
    "weekday 29 February 2025",
    "weekday mayday 3",
    "add days",
    "add 1.5 days",
    "add 99999999999999999999999999 days",
    "add 9999999 days",
    "add -9999999 months",
    "add 5 eons",
    "days from 2026-01-01",
    "days from  to ",
    "add 1 day to 9999-12-31",
    "weekday " + "9" * 300,
    "now; date",
    "\0",
    "\ud800",
    "weekday ２０２６-０１-０１",
]


@pytest.mark.parametrize("text", KNOWN)
def test_known_forms(text: str) -> None:
    assert ask(CLOCK, text, PINNED) == KNOWN[text]


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: ascii(text[:20]))
def test_hostile_forms_are_refused_in_one_line(text: str) -> None:
    assert refusal(CLOCK, text, PINNED)


def test_the_clock_is_the_callers() -> None:
    later = Context(now=lambda: datetime(9999, 12, 31))
    assert ask(CLOCK, "date", later) == "9999-12-31"
    assert refusal(CLOCK, "weekday tomorrow", later)


@given(st.dates(date(1, 1, 1), date(9000, 1, 1)), st.integers(-300, 300_000))
def test_adding_days_and_counting_them_are_opposites(start: date, days: int) -> None:
    if date.min <= start and date.min.toordinal() <= start.toordinal() + days <= date.max.toordinal():
        end = ask(CLOCK, f"add {days} days to {start.isoformat()}", PINNED)
        assert end == (start + timedelta(days=days)).isoformat()
        assert ask(CLOCK, f"days from {start.isoformat()} to {end}", PINNED) == str(days)


@given(st.dates(date(1000, 1, 1)))
def test_every_way_to_write_a_date_means_the_same_day(day: date) -> None:
    month = calendar.month_name[day.month]
    ways = [
        day.isoformat(),
        f"{day.day} {month} {day.year}",
        f"{month} {day.day}, {day.year}",
        f"{month[:3]} {day.day} {day.year}",
    ]
    assert {ask(CLOCK, f"weekday {way}", PINNED) for way in ways} == {calendar.day_name[day.weekday()]}


@given(st.text(max_size=40).map(lambda text: "weekday " + text) | st.text(max_size=40))
def test_any_text_gives_a_line_or_a_refusal(text: str) -> None:
    if not refusal(CLOCK, text, PINNED):
        assert "\n" not in ask(CLOCK, text, PINNED)


@pytest.mark.parametrize(
    "text", ["now", "weekday", "weekday 2026-01-31", "add -3 weeks to tomorrow", "days from today to 2030-01-01"]
)
def test_grammar_accepts_forms(text: str) -> None:
    assert accepts(CLOCK.grammar, text)


@pytest.mark.parametrize("text", ["", "when", "weekday 2026-13-01", "add days", "days from today"])
def test_grammar_rejects_other_text(text: str) -> None:
    assert not accepts(CLOCK.grammar, text)


def test_what_the_grammar_allows_is_always_a_form() -> None:
    for text in sentences(CLOCK.grammar, random.Random(3), count=100):
        assert not refusal(CLOCK, text, PINNED).startswith(("no such form", "can't read")), text
