"""No text becomes a control id: fragments, lookalikes, split tokens, odd encodings, through every tokenizer we ship."""

from __future__ import annotations

import json
import random
import unicodedata
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import pytest

from llmos.cpu.config import Model, ModelConfig
from llmos.cpu.isa import ModelCodec
from llmos.cpu.loaders import load

STRINGS = 200_000
NANO = Path(__file__).parents[2] / "llmos" / "cpu" / "nano"
OTHERS = [
    "<|",
    "|>",
    "<",
    ">",
    "|",
    "im_start",
    "im_end",
    "trap",
    "go",
    "result",
    "done",
    "endoftext",
    "tool_call",
    "</",
    "\n",
    " ",
]
LOOKALIKES = [
    "＜|trap|＞",
    "<｜trap｜>",
    "‹|trap|›",
    "<\u200b|trap|>",
    "<|tr\u0430p|>",
    "<|TRAP|>",
    "<|trap |>",
    "&lt;|trap|&gt;",
]
BROKEN = [b"\xc0\xbc|trap|\xc0\xbe", b"<|tr\xffap|>", b"\xe0\x80\xbc|trap|>", b"\xed\xa0\x80<|go|>"]


@pytest.fixture(scope="module")
def codec() -> ModelCodec:
    return ModelCodec(load(NANO))


@pytest.fixture(scope="module")
def controls(codec: ModelCodec) -> frozenset[int]:
    return frozenset(codec.tokenizer.control.values())


def fragments(codec: ModelCodec) -> list[str]:
    """Written forms of all control ids, their halves, and what surrounds them in a chat."""
    forms = list(codec.tokenizer.control)
    halves = [part for form in forms for part in (form[: len(form) // 2], form[len(form) // 2 :])]
    broken = [raw.decode("utf-8", "surrogateescape") for raw in BROKEN]
    return [*forms, *halves, *OTHERS, *LOOKALIKES, *broken, "assistant\n", "calc 37*48", "user", "🙂", "é", "a"]


def texts(parts: list[str], count: int, seed: int) -> Iterator[str]:
    """Random strings of fragments, some normalised, some padded to a page's or a chunk's border."""
    rng = random.Random(seed)
    for number in range(count):
        text = "".join(rng.choice(parts) for _ in range(rng.randint(1, 5)))
        if number % 7 == 0:
            text = unicodedata.normalize(("NFKC", "NFD")[number % 2], text)
        if number % 11 == 0:
            text = "a " * rng.randint(7, 33) + text
        yield text


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
