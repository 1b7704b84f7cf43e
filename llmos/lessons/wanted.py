"""What was asked for on the command line, and whether it can be had: said before a model is loaded or a screen is taken.

Knows: the options of `llmos lesson`, which of them go together, how a session is opened from them. Does not know: how it is
played.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from llmos.errors import UsageError

from . import lesson, record
from .lab import Cpus, Lab
from .session import Session, variant

DEFAULT = "nano"


@dataclass(frozen=True)
class Wanted:
    """`seed` None: the lesson's own."""

    name: str
    seed: int | None = None
    student: str = ""
    model: str = DEFAULT
    solve: bool = False
    json: bool = False
    own: Path | None = None
    worksheet: bool = False
    recorded: bool = False
    live: bool = False
    jump: int = 1
    locks: tuple[str, ...] = ()
    record: Path | None = None  # a file; for a class a folder
    out: Path | None = None  # where answers are written: a file NAME.json or a folder; None = the state folder

    @property
    def names(self) -> tuple[str, ...]:
        """The lessons, in order."""
        return lesson.names() if self.name == "class" else (self.name,)

    @property
    def answered(self) -> bool:
        """Does somebody answer?"""
        return not (self.solve or self.worksheet or self.record)


def check(wanted: Wanted) -> None:
    """Raises UsageError for a lesson that isn't there, for options that contradict each other, for what can't be played."""
    if wanted.recorded and (wanted.own or wanted.live or wanted.record or wanted.seed is not None):
        raise UsageError("a recorded lesson is as it was: it takes no --seed, --own, --live or --record")
    if wanted.recorded and wanted.model != DEFAULT:
        raise UsageError("a recorded lesson loads no model: leave out --model, or --recorded")
    if wanted.name == "class" and (wanted.own or wanted.jump > 1):
        raise UsageError("--own and --jump go with one lesson, not with a class")
    if wanted.jump > 1 and (wanted.worksheet or wanted.record):
        raise UsageError("--jump goes with a lesson that is played, not with --worksheet or --record")
    if wanted.out is not None and not wanted.answered:
        raise UsageError("--out takes somebody's answers: with --solve, --worksheet or --record nobody gives any")
    if wanted.out is not None:
        _check_out(wanted.out, wanted.name == "class")
    for name in wanted.names:
        _check_one(lesson.load(name), wanted)
    if not wanted.recorded:
        from llmos.store import resolve

        resolve(wanted.model)


def _check_out(out: Path, whole_class: bool) -> None:
    """A folder, or a file that `llmos grade` will find."""
    if not out.absolute().parent.is_dir():
        raise UsageError(f"no folder {out.absolute().parent} for --out")
    if out.exists() and not out.is_dir() and (whole_class or out.suffix != ".json"):
        wanted = "a folder for a class" if whole_class else "a folder or a file NAME.json"
        raise UsageError(f"--out {out}: a file is there; name {wanted}")


def _check_one(one: lesson.Lesson, wanted: Wanted) -> None:
    if wanted.own is not None and not one.own:
        raise UsageError(f"lesson {one.name} takes no file of yours")
    if wanted.own is not None and not wanted.own.is_file():
        raise UsageError(f"no file {wanted.own}")
    lesson.check_controls(wanted.locks)
    locks = {*one.locks, *wanted.locks}
    if wanted.solve and "solve" in locks:
        raise UsageError("the teacher has locked the solutions")
    if wanted.jump > 1 and "jump" in locks:
        raise UsageError("the teacher has locked jumping")
    if wanted.jump > len(one.questions):
        raise UsageError(f"--jump: lesson {one.name} has {len(one.questions)} questions")


def open_session(one: lesson.Lesson, wanted: Wanted, cpus: Cpus) -> Session:
    """A session of a lesson, at its beginning; the caller closes its lab. Raises UsageError."""
    _check_one(one, wanted)
    seed = one.seed if wanted.seed is None else wanted.seed
    lab = Lab(variant(seed, wanted.student), wanted.model, wanted.own, wanted.live, cpus=cpus)
    if not wanted.recorded:
        return Session(one, lab, wanted.student, seed, locks=wanted.locks)
    found = record.shipped(one.name)
    lab.seed, lab.model_name = found["seed"], found["model"]
    play = record.player(found)
    return Session(one, lab, wanted.student, found["seed"], locks=wanted.locks, play=play, source="record")
