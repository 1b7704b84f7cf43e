"""The same requests to a model that has only read, and to one that was taught by examples to answer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from importlib import resources
from typing import Any, NamedTuple

from llmos.lessons.lab import Cpus, Lab

REQUESTS = (
    "what is a page fault?",
    "what is a process?",
    "what is a trap?",
    "what is the scheduler?",
    "what is a frame?",
    "who are you?",
    "what is attention?",
    "what is swap?",
)
CAPITALS = (("France", "Paris"), ("Japan", "Tokyo"), ("Egypt", "Cairo"), ("Peru", "Lima"))
COUNT, LENGTH, SHOWN = 6, 40, 70  # requests, tokens of an answer, characters of it that are shown
CUT = (
    f"Not the effect that was meant: most answers were cut at {LENGTH} tokens. This model says more than that, so the number "
    "tells how long its answers are, not whether it has learned to end them."
)
READ = (
    "This model has read other texts than the base model, and more of them: the number tells what it has read. What the "
    "examples added is not seen here."
)
SMALL = {
    "frames": 9,
    "max_pages": 4,
    "chunk": 16,
}  # the base model's machine: a short text a lane, few shapes to compile


class Reply(NamedTuple):
    text: str
    ended: bool  # by its own end token


def play(lab: Lab) -> Iterator[str]:
    requests = lab.rng.sample(REQUESTS, COUNT)
    base = Lab(lab.seed, str(base_folder()), cpus=Cpus(str(base_folder())))
    lab.facts |= {
        "n": COUNT,
        "first": requests[0],
        "tokens": LENGTH,
        "country": CAPITALS[0][0],
        "countries": len(CAPITALS),
    }
    capitals = [f"what is the capital of {country}?" for country, _ in CAPITALS]
    yield "base"
    dreams = replies(base, [*requests, *capitals], False, **SMALL)
    lab.measured["base"] = _word(dreams[0])
    lab.say(repr(dreams[0].text))
    yield "ended"
    lab.measured["ended"] = sum(reply.ended for reply in dreams[:COUNT])
    _show(lab, requests, dreams)
    yield "tuned"
    answers = replies(lab, [*requests, *capitals], True)
    lab.measured["tuned"] = sum(reply.ended for reply in answers[:COUNT])
    _show(lab, requests, answers)
    if 2 * lab.measured["tuned"] < COUNT:
        lab.say(CUT)
    yield "facts"
    before, after = _right(dreams[COUNT:]), _right(answers[COUNT:])
    lab.measured["facts"] = "more" if after > before else "fewer" if after < before else "as many"
    _show(lab, capitals, answers[COUNT:])
    lab.say(f"right capitals: {before} of {len(CAPITALS)} by the base model, {after} by the assistant")
    if after > before:
        lab.say(READ)
    yield "form"
    bare = replies(lab, requests, False)
    lab.measured["form"] = sum(reply.ended for reply in bare)
    _show(lab, requests, bare)


def base_folder() -> object:
    """The base model that comes with this lesson: made by `llmos train base`, see its README."""
    return resources.files("llmos.lessons") / "base"


def replies(lab: Lab, requests: Sequence[str], chat: bool, **options: Any) -> list[Reply]:
    """What the model writes after each request: in its chat form, or as if the request began a document."""
    jobs = tuple((request, int(chat), LENGTH, 0, 0, 0) for request in requests)
    machine = lab.machine(init=("batch", *jobs), **options)
    values = {e[2]: e[4] for e in machine.run() if e[1] == "exit" and isinstance(e[4], tuple)}
    return [Reply(" ".join(str(values[pid][0]).split()), values[pid][2] == "end") for pid in sorted(values)]


def _word(reply: Reply) -> str:
    return "it answers and stops" if reply.ended else "it writes on without an end"


def _show(lab: Lab, requests: Sequence[str], found: Sequence[Reply]) -> None:
    for request, reply in zip(requests, found, strict=False):
        lab.say(f"{request:<34} {reply.text[:SHOWN]}{'' if reply.ended else ' …'}")


def _right(found: Sequence[Reply]) -> int:
    return sum(capital in reply.text for (_, capital), reply in zip(CAPITALS, found, strict=True))
