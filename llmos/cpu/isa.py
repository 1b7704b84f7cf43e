"""The instruction set of one model: text to ids and back, its chat form, and which ids are privileged.

Knows: the model's tokenizer and chat template, and which of its special ids stand for TRAP, GO, RESULT and DONE. Does
not know: processes, devices, when a call is made (`kernel/thinking.py`). Text never becomes a control id: control ids
come from the frame around a turn alone, and the frame never holds what anybody said (`template.py`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from .config import Model, Tokenizer
from .template import ChatForm, Frame, TemplateError, chatml, form_of, plain

TRAP, GO, RESULT, DONE = "<|trap|>", "<|go|>", "<|result|>", "<|done|>"
MARKS = (TRAP, GO, RESULT, DONE)
NEVER = 14  # ids at most that are never sampled
STAND_INS = (  # special ids that a chat never uses, in the order of MARKS; the first set that a model has is taken
    MARKS,
    ("<jupyter_code>", "<jupyter_script>", "<jupyter_output>", "<empty_output>"),  # SmolLM2
    ("<|fim_prefix|>", "<|fim_middle|>", "<|fim_suffix|>", "<|fim_pad|>"),  # Qwen2.5, Qwen3
    tuple(f"<|reserved_special_token_{n}|>" for n in range(4)),  # Llama 3
)


class ModelCodec:
    """Implements `llmos_kernel.ports.Codec` for one loaded model."""

    def __init__(self, model: Model) -> None:
        tokenizer = self.tokenizer = model.tokenizer
        self.form = chat_form(tokenizer)
        self.note = self.form.note
        self.start: tuple[int, ...] = (tokenizer.bos,) if tokenizer.adds_bos and tokenizer.bos is not None else ()
        self.marks: tuple[int, ...] = marks_of(tokenizer)
        self.ends: tuple[int, ...] = _ends(tokenizer, self.form)
        self.dialect = "hermes" if not self.marks or "<tool_call>" in (tokenizer.chat_template or "") else "llmos"
        names = {token: name for name, token in tokenizer.control.items()}
        self._names = names | dict(zip(self.marks, MARKS, strict=False))
        self.never: tuple[int, ...] = (*self.marks[2:], *self._openers())[:NEVER]

    def encode(self, text: str) -> tuple[int, ...]:
        return tuple(self.tokenizer.encode(text))

    def turn(self, role: str, text: str, first: bool) -> tuple[int, ...]:
        ids = self._framed(self._frame(role, first), text.strip() if self.form.trims else text)
        return self.start + ids if first and ids[: len(self.start)] != self.start else ids

    def cue(self) -> tuple[int, ...]:
        return self._framed(Frame(self.form.cue, ""), "")

    def piece(self, token: int) -> bytes:
        return b"" if token in self._names else self.tokenizer.piece(token)

    def name(self, token: int) -> str:
        return self._names.get(token, "")

    def _frame(self, role: str, first: bool) -> Frame:
        if role == "user":
            return self.form.opening if first else self.form.user
        return self.form.system if role == "system" else self.form.assistant

    def _openers(self) -> list[int]:
        """The control ids with which turns are opened and divided: the kernel writes them, never the model."""
        form = self.form
        frames = (form.opening, form.user, form.system, form.assistant, Frame(form.cue, ""))
        written = (*self.start, *(token for frame in frames for token in self._framed(frame, "")))
        return [token for token in dict.fromkeys(written) if token in self._names and token not in self.ends]

    def _framed(self, frame: Frame, text: str) -> tuple[int, ...]:
        """Ids of a turn. What is not a control token is encoded together with the text beside it, as in training."""
        before, after = list(self._cut(frame.before)), list(self._cut(frame.after))
        head = before.pop() if before and isinstance(before[-1], str) else ""
        tail = after.pop(0) if after and isinstance(after[0], str) else ""
        return self._joined([*before, f"{head}{text}{tail}", *after])

    def _cut(self, frame: str) -> Iterator[int | str]:
        """Control ids and the text between them. Only for frames: this is where control ids come from."""
        control = self.tokenizer.control
        forms = sorted(control, key=len, reverse=True)
        for part in re.split(f"({'|'.join(map(re.escape, forms))})" if forms else r"(?!)", frame):
            if part:
                yield control.get(part, part)

    def _joined(self, parts: Sequence[int | str]) -> tuple[int, ...]:
        ids: list[int] = []
        for part in parts:
            ids += [part] if isinstance(part, int) else self.tokenizer.encode(part) if part else []
        return tuple(ids)

    def closing(self) -> tuple[int, ...]:
        """What follows the assistant's sampled end before the next turn: the newline of ChatML."""
        ids = self._framed(Frame("", self.form.assistant.after), "")
        return ids[1:] if ids and ids[0] in self.ends else ids


def marks_of(tokenizer: Tokenizer) -> tuple[int, ...]:
    """Ids for TRAP, GO, RESULT and DONE; () when the model has no special ids to spare."""
    for names in STAND_INS:
        if all(name in tokenizer.control for name in names):
            return tuple(tokenizer.control[name] for name in names)
    return ()


def chat_form(tokenizer: Tokenizer) -> ChatForm:
    """The model's own form if its template can be used, else ChatML if it has those tokens, else plain text."""
    why = "it has no chat template"
    if tokenizer.chat_template:
        names = {token: name for name, token in tokenizer.control.items()}
        bos = names.get(tokenizer.bos, "") if tokenizer.bos is not None else ""
        try:
            return form_of(tokenizer.chat_template, bos, names.get(_first(tokenizer.ends), ""))
        except TemplateError as error:
            why = f"its chat template can't be used ({error})"
    if {"<|im_start|>", "<|im_end|>"} <= tokenizer.control.keys():
        return chatml(f"{why}; ChatML is used")
    return plain(f"{why}; a plain dialogue is used")


def _first(ids: tuple[int, ...]) -> int:
    return ids[0] if ids else -1


def _ends(tokenizer: Tokenizer, form: ChatForm) -> tuple[int, ...]:
    """The tokenizer's ends, and what closes the assistant's turn in its chat form, which comes first."""
    closing = [token for name, token in tokenizer.control.items() if form.assistant.after.startswith(name)]
    return tuple(dict.fromkeys([*closing, *tokenizer.ends]))


__all__ = ["DONE", "GO", "MARKS", "RESULT", "TRAP", "ModelCodec", "chat_form", "marks_of"]
