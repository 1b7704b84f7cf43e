"""What a lesson says where its effect is not there on the model that plays it."""

from __future__ import annotations

import pytest

from llmos.lessons.lab import Lab
from llmos.lessons.scenarios import assistant


@pytest.mark.parametrize(
    ("ended", "knows", "said"), [(True, False, []), (False, True, [assistant.CUT, assistant.READ])]
)
def test_the_assistant_lesson_says_when_answers_were_cut_and_facts_were_read(
    monkeypatch: pytest.MonkeyPatch, ended: bool, knows: bool, said: list[str]
) -> None:
    def replies(lab: Lab, requests: list[str], chat: bool, **options: object) -> list[assistant.Reply]:
        text = " ".join(city for _, city in assistant.CAPITALS) if knows and chat else "so"
        return [assistant.Reply(text, ended and chat) for _ in requests]

    monkeypatch.setattr(assistant, "replies", replies)
    lab = Lab(1)
    assert list(assistant.play(lab)) == ["base", "ended", "tuned", "facts", "form"]
    assert [line for line in lab.shown if line in (assistant.CUT, assistant.READ)] == said
