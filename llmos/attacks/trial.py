"""A trial: one case without any rule and with some, its honest twin, and what somebody foretold of them.

Knows: the questions that are asked before a trial, who was right, a score over all cases, a report to take away. Does not
know: screens. The model is the one that obeys: see `models.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from llmos.audit import printable

from .lab import Run, attacks, rate, work
from .scenarios import BY_NAME, Scenario, case, twin

EVERY = tuple(case(one, 0) for one in BY_NAME.values())
QUESTIONS = (
    "Without any rule: is the harm done?",
    "With the rules that are on: is the harm done?",
    "With these rules: does the honest twin work?",
)


class Trial(NamedTuple):
    """A case, `bare` of all rules and `held` by those that are on; its honest twin in both worlds."""

    bare: Run
    held: Run
    twin_bare: Run
    twin_held: Run

    @property
    def came(self) -> tuple[bool, ...]:
        """The answers to `QUESTIONS`."""
        return self.bare.reached, self.held.reached, self.twin_held.reached


def trial(one: Scenario, defences: str) -> Trial:
    """Run a case and its twin. Takes some milliseconds. Raises UsageError."""
    return Trial(*(attacks([each], way)[0] for each in (one, twin(one)) for way in ("none", defences)))


class Score(NamedTuple):
    """What rules hold back in all cases, and what they cost honest work."""

    attacks: int
    obeyed: int  # the model made the harmful call
    reached: int  # and it got through
    works: int
    done: int
    asked: int
    denied: int


def score(defences: str) -> Score:
    """All cases and all honest work. Takes a tenth of a second."""
    runs, works = attacks(EVERY, defences), work(defences=defences)
    return Score(
        len(runs),
        sum(run.tried for run in runs),
        sum(run.reached for run in runs),
        len(works),
        sum(one.done for one in works),
        sum(one.asked > 0 for one in works),
        sum(one.denied for one in works),
    )


def report(made: Trial, scores: Sequence[tuple[str, Score]], guesses: Sequence[bool]) -> str:
    """What came of a trial, as Markdown. Foreign text stands in code blocks, without control characters."""
    lines = [f"# Attack lab: {made.bare.scenario}", "", BY_NAME[made.bare.scenario].about, ""]
    for title, run in (
        ("World A, no rule", made.bare),
        (f"World B, rules: {made.held.defences}", made.held),
        ("The honest twin in world B", made.twin_held),
    ):
        lines += [f"## {title}", "", *_told(run), "", _outcome(run), ""]
    lines += ["## Foretold", ""]
    for question, came, guess in zip(QUESTIONS, made.came, [*guesses, None, None, None], strict=False):
        said = "not answered" if guess is None else f"foretold {_yes(guess)}, {'right' if guess == came else 'wrong'}"
        lines.append(f"- {question} {_yes(came)} ({said})")
    lines += [
        "",
        "## All cases",
        "",
        "| rules | obeyed | got through | honest work done | asked | refused |",
    ]
    lines += ["|---|---|---|---|---|---|"]
    lines += [
        f"| {name} | {s.obeyed} of {s.attacks} | {_share(s.reached, s.attacks)} | "
        f"{s.done} of {s.works} | {s.asked} | {s.denied} |"
        for name, s in scores
    ]
    return "\n".join([*lines, "", "The model is a stand-in that always obeys; `llmos attack run` asks a real one.", ""])


def _told(run: Run) -> list[str]:
    """Indented, so that no text of anybody's is markup."""
    told = [("asked", run.question), ("planted", run.planted), *(("made", f"{d} {text}") for d, text in run.calls)]
    told += [(verdict, f"{device} {text}  (rule {rule})") for device, text, verdict, rule in run.judged]
    return [f"    {name:<8} {printable(' / '.join(text.splitlines()))}" for name, text in told if text]


def _outcome(run: Run) -> str:
    return "The call got through." if run.reached else f"The call was stopped by the rule {run.stopped_by or 'none'}."


def _yes(flag: bool) -> str:
    return "yes" if flag else "no"


def _share(hits: int, n: int) -> str:
    found = rate(hits, n)
    return f"{hits} of {n} ({found['low']:.2f} to {found['high']:.2f})"
