"""A model's own chat template, read once: what it writes before and after each turn.

Knows: how to render a Jinja template on conversations of placeholders and to cut the result at them. Does not know:
tokens (`isa.py`). A template is code from a model file: it runs in Jinja's sandbox inside a child process with little
memory and time (`template_child.py`), and sees placeholders only, never what anybody said. So no text can choose
what stands around it.
"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass, replace
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

SECONDS = 8.0  # for one template; it takes a few tenths of a second
SYSTEM, ASK, REPLY, AGAIN = "qxSystemqx", "qxAskqx", "qxReplyqx", "qxAgainqx"  # placeholders, in order of speech

Message = tuple[str, str]
CONVERSATIONS: tuple[tuple[Message, ...], ...] = (
    (("user", ASK),),
    (("user", ASK), ("assistant", REPLY)),
    (("user", ASK), ("assistant", REPLY), ("user", AGAIN)),
    (("system", SYSTEM), ("user", ASK)),
    (("user", f" {ASK} "),),
)
TOLD = 3  # the conversation with a system turn: not every template has one


class TemplateError(Exception):
    """The template can't be used; the message says why."""


@dataclass(frozen=True)
class Frame:
    """What stands before and after the text of a turn, control tokens in their written form."""

    before: str
    after: str


@dataclass(frozen=True)
class ChatForm:
    """Everything around the words of a conversation."""

    opening: Frame  # of a user's turn that begins the conversation: holds the model's default system text
    user: Frame  # of any other
    system: Frame  # of a system turn, which begins the conversation
    assistant: Frame
    cue: str  # what makes the assistant speak
    trims: bool = False  # does the template strip spaces around what was said?
    note: str = ""  # one line for people when this is not the model's own form


def chatml(note: str = "") -> ChatForm:
    """The form of most small chat models: <|im_start|>role, newline, text, <|im_end|>, newline."""

    def frame(role: str) -> Frame:
        return Frame(f"<|im_start|>{role}\n", "<|im_end|>\n")

    return ChatForm(
        frame("user"), frame("user"), frame("system"), frame("assistant"), "<|im_start|>assistant\n", note=note
    )


def plain(note: str) -> ChatForm:
    """For a model that has no chat form at all: a document that looks like a dialogue."""
    user, assistant = Frame("User: ", "\n"), Frame("Assistant: ", "\n")
    return ChatForm(user, user, Frame("", "\n\n"), assistant, "Assistant:", note=note)


@lru_cache(8)
def form_of(template: str, bos: str, eos: str) -> ChatForm:
    """The frames of a Jinja chat template. Raises TemplateError when it does not work or can't be taken apart."""
    opened, replied, again, told, spaced, cued = render(template, bos, eos)
    opening = Frame(*_cut(opened, ASK))
    middle = _cut(_cut(replied, ASK)[1], REPLY)
    assistant = Frame(_without(middle[0], opening.after, start=True), middle[1])
    later = _cut(_cut(again, REPLY)[1], AGAIN)
    user = Frame(_without(later[0], assistant.after, start=True), later[1])
    cue = _without(cued, opened, start=True)
    form = ChatForm(opening, user, opening, assistant, cue, trims=f" {ASK} " not in spaced)
    try:
        before, rest = _cut(told, SYSTEM)
        return replace(form, system=Frame(before, _without(_cut(rest, ASK)[0], user.before, start=False)))
    except TemplateError:
        return replace(form, note="its chat template has no system turn; such text is given as a user's")


def _cut(text: str, mark: str) -> tuple[str, str]:
    before, found, after = text.partition(mark)
    if not found:
        raise TemplateError("the template leaves out what was said")
    return before, after


def _without(text: str, part: str, start: bool) -> str:
    """`text` without `part` at its start, or at its end. Raises TemplateError when it is not there."""
    if not (text.startswith(part) if start else text.endswith(part)):
        raise TemplateError("the template writes a turn differently by what is around it")
    return text.removeprefix(part) if start else text.removesuffix(part)


def render(template: str, bos: str, eos: str) -> list[str]:
    """Each of CONVERSATIONS as the template writes it, and the first once more with the assistant's cue."""
    jobs = [(conversation, False) for conversation in CONVERSATIONS] + [(CONVERSATIONS[0], True)]
    question = json.dumps({"template": template, "bos": bos, "eos": eos, "jobs": jobs})
    command = [sys.executable, "-I", "-S", str(__file__).replace("template.py", "template_child.py"), *_paths()]
    try:
        child = subprocess.run(command, input=question.encode(), capture_output=True, timeout=SECONDS, check=False)
        answer = json.loads(child.stdout)
    except subprocess.TimeoutExpired:
        raise TemplateError("the template takes too long") from None
    except ValueError:
        raise TemplateError("the template broke its sandbox's limits") from None
    for number, text in enumerate(answer):
        if isinstance(text, list) and number != TOLD:
            raise TemplateError(text[0])
    return ["" if isinstance(text, list) else text for text in answer]


def _paths() -> list[str]:
    """Where the child finds Jinja."""
    found = [find_spec(name) for name in ("jinja2", "markupsafe")]
    return sorted({str(Path(spec.origin).parents[1]) for spec in found if spec and spec.origin})
