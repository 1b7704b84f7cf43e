"""A lesson as it was played, as Markdown: what was said, asked, answered and revealed.

Knows: scenes. Does not know: sessions, files, screens.
"""

from __future__ import annotations

from .answers import labels
from .lesson import Predict
from .session import Scene, Told


def markdown(scene: Scene) -> str:
    one = scene.lesson
    lines = [f"# {one.title}", "", f"- as an operating system: {one.os}", f"- as a language model: {one.llm}"]
    made = "from the lesson's recording, made on" if scene.source == "record" else "measured on"
    lines += [f"- {made} {scene.model} with seed {scene.seed}", ""]
    if scene.student:
        lines[-1:] = [f"- played by {scene.student}", ""]
    for step, told in enumerate(scene.told, 1):
        lines += [told.text, "", *_asked(step, told.question), *_answered(told)]
    lines += [scene.text, ""]
    if scene.question:
        lines += _asked(len(scene.told) + 1, scene.question)
    else:
        lines += [f"Where the analogy stops: {one.analogy}", ""]
    return "\n".join([*lines, f"Score: {scene.score:g} of {scene.steps}", ""])


def _asked(step: int, question: Predict) -> list[str]:
    named = zip(labels(question.choices), question.choices, strict=True)
    return [f"**Q{step}** {question.question}", "", *(f"- {label}: {choice}" for label, choice in named), ""]


def _answered(told: Told) -> list[str]:
    v = told.verdict
    judged = f" ({'right' if v.right else 'not what happened'})" if v.answer else ""
    shown = [f"    {line}" for line in told.shown]  # indented: nothing in it is markup
    return [f"You: {v.answer or '-'}{judged}. Machine: {v.machine}", "", *shown, *([""] if shown else [])]
