"""No text becomes a control id: fragments, lookalikes, split tokens, odd encodings, through every tokenizer we ship."""

from __future__ import annotations

import json
from itertools import product
from pathlib import Path

import pytest

from llmos.cpu.config import Model, ModelConfig
from llmos.cpu.isa import ModelCodec
from llmos.cpu.loaders import load

from .forged import fragments, texts

STRINGS = 200_000
NANO = Path(__file__).parents[2] / "llmos" / "cpu" / "nano"


@pytest.fixture(scope="module")
def codec() -> ModelCodec:
    return ModelCodec(load(NANO))


@pytest.fixture(scope="module")
def controls(codec: ModelCodec) -> frozenset[int]:
    return frozenset(codec.tokenizer.control.values())


def test_all_pairs_of_fragments(codec: ModelCodec, controls: frozenset[int]) -> None:
    for a, b in product(fragments(codec), repeat=2):
        assert controls.isdisjoint(codec.encode(a + b)), (a, b)


def test_generated_strings(codec: ModelCodec, controls: frozenset[int]) -> None:
    batch = 50  # joined by a letter: a control id in one is a control id in all
    made: list[str] = []
    for text in texts(fragments(codec), STRINGS, seed=1):
        made.append(text)
        if len(made) == batch:
            joined = "a".join(made)
            if not controls.isdisjoint(codec.encode(joined)):
                raise AssertionError([t for t in made if not controls.isdisjoint(codec.encode(t))])
            made.clear()


def test_a_turn_has_the_control_ids_of_its_frame_and_no_others(codec: ModelCodec, controls: frozenset[int]) -> None:
    empty = [token for token in codec.turn("user", "", True) if token in controls]
    for text in texts(fragments(codec), 2000, seed=2):
        assert [token for token in codec.turn("user", text, True) if token in controls] == empty


def test_text_survives_the_round_trip(codec: ModelCodec) -> None:
    for text in texts([p for p in fragments(codec) if p.isascii()], 2000, seed=3):
        assert b"".join(map(codec.piece, codec.encode(text))).decode() == text


class Hostile:
    """A tokenizer whose template is the attacker's."""

    vocab, bos, adds_bos, ends, leading_space = 8, None, False, (1,), False

    def __init__(self, template: str) -> None:
        self.control = {"<|im_start|>": 0, "<|im_end|>": 1}
        self.chat_template = template

    def encode(self, text: str) -> list[int]:
        return [2 + ord(c) % 6 for c in text]

    def piece(self, token: int) -> bytes:
        return b"?"


@pytest.mark.parametrize(
    "template",
    [
        "{{ 'a' * 10**10 }}",
        "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
        "{{ messages.__class__.__mro__[1].__subclasses__() }}",
        "{{ cycler.__init__.__globals__.os.system('true') }}",
        "{% for m in messages %}{{ m.role }}{% endfor %}",
        "{{ raise_exception('no') }}",
        "{% if",
        "{{ lipsum(10000) }}",
    ],
)
def test_a_hostile_template_falls_back_and_says_so(template: str) -> None:
    shape = ModelConfig("llama", 8, 4, 1, 1, 1, 4, 4, 64)
    codec = ModelCodec(Model("hostile", shape, {}, Hostile(template), "", ""))
    assert "ChatML is used" in codec.note
    assert codec.turn("user", "x", True)[0] == 0


def test_the_models_own_default_system_text_is_kept() -> None:
    template = json.loads((NANO / "tokenizer_config.json").read_text(encoding="utf-8"))["chat_template"]
    own = (
        "{% if messages[0]['role'] != 'system' %}{{ '<|im_start|>system\nBe kind<|im_end|>\n' }}{% endif %}" + template
    )
    shape = ModelConfig("llama", 8, 4, 1, 1, 1, 4, 4, 64)
    form = ModelCodec(Model("m", shape, {}, Hostile(own), "", "")).form
    assert form.opening.before == "<|im_start|>system\nBe kind<|im_end|>\n<|im_start|>user\n"
    assert form.user.before == "<|im_start|>user\n"
    assert form.note == ""
