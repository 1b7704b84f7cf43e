"""A lesson as plain lines: for pipes, screen readers, CI, and anyone without the screen.

Knows: reading answers from lines, printing. Does not know: what a question means. A line is the answer, with `!N` behind it for
how sure (1 to 5); `h` asks for the hint (it costs half a point); an empty line passes. At the end of input the lesson ends.
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterator
from typing import Any

from llmos.errors import UsageError

from .answers import labels, sure
from .lab import BLANK
from .lesson import Predict
from .session import Session, Verdict

WIDTH = 100
Say = Callable[[str], None]


def play(
    session: Session,
    answers: Iterator[str],
    say: Say,
    solve: bool = False,
    keep: Callable[[Session], object] = lambda session: None,
) -> dict[str, Any]:
    """Play to the end, or to the end of `answers`; the record. With `solve` nothing is asked and all is revealed.

    `keep` is called after each answer.
    """
    lesson = session.lesson
    if solve and not session.allows("solve"):
        raise UsageError("the teacher has locked the solutions")
    say(f"{lesson.title}   ({lesson.minutes} min)")
    say(f"  operating system: {lesson.os}")
    say(f"  language model:   {lesson.llm}")
    while not session.over:
        _text(session.text, say)
        predict = session.question()
        _ask(predict, say)
        verdict = session.lock("") if solve else _answer(session, predict, answers, say)
        if verdict is None:
            say("The lesson ends here: no more answers.")
            return session.record()
        keep(session)
        _reveal(verdict, session.lab.shown, say, solve)
    _text(session.text, say)
    say("")
    say(textwrap.fill(f"Where the analogy stops: {lesson.analogy}", WIDTH))
    return session.record()


def worksheet(session: Session, say: Say) -> dict[str, Any]:
    """The whole lesson on paper: a line for each answer, nothing revealed; folds keep later text from sight."""
    lesson, lab = session.lesson, session.lab
    lab.blank = True
    say(f"{lesson.title}   ({lesson.minutes} min)   name: {session.student or BLANK}")
    while not session.over:
        _text(session.text, say)
        _ask(session.question(), say)
        say(f"   answer: {BLANK}   how sure, 1 to 5: __")
        say("- - - - - fold here: read on only when you have answered " + "- " * 20)
        session.lock("")
    _text(session.text, say)
    return session.record()


def _answer(session: Session, predict: Predict, answers: Iterator[str], say: Say) -> Verdict | None:
    hint = False
    for line in answers:
        if line.strip() == "h" and "h" not in predict.choices:
            if not session.allows("hint"):
                say("the teacher has locked the hints")
                continue
            say(f"hint: {predict.hint or 'there is none for this one'}")
            hint = hint or bool(predict.hint)
            continue
        try:
            return session.lock(*sure(line), hint)
        except UsageError as e:
            say(f"{e}; again")
    return None


def _text(text: str, say: Say) -> None:
    for paragraph in text.split("\n\n"):
        if not paragraph.strip():
            continue
        say("")
        keep = paragraph.startswith(("    ", "|", "- "))
        say(paragraph if keep else textwrap.fill(" ".join(paragraph.split()), WIDTH))


def _ask(predict: Predict, say: Say) -> None:
    say("")
    say(f"PREDICT  {predict.question}")
    for label, choice in zip(labels(predict.choices), predict.choices, strict=True):
        say(f"   {label}  {choice}")


def _reveal(verdict: Verdict, shown: list[str], say: Say, solve: bool) -> None:
    if solve or not verdict.answer:
        say(f"REVEAL   machine {verdict.machine}")
    else:
        say(f"REVEAL   you {verdict.answer}   machine {verdict.machine}   {'right' if verdict.right else 'wrong'}")
    for line in shown:
        table = "  " in line  # columns keep their places
        say(f"   {line}" if table else textwrap.fill(line, WIDTH, initial_indent="   ", subsequent_indent="   "))
