"""The shipped nano: small enough, well formed, and doing what its card says, run by an independent forward pass."""

from __future__ import annotations

import json
from itertools import pairwise

import numpy as np
import pytest
from safetensors import safe_open
from tokenizers import Tokenizer

from llmos.train import texts
from llmos.train.chatform import CHAT_TEMPLATE, SPECIALS
from llmos.train.measure import judge, share

from .nano_scores import Nano, instructions, requests, shipped


@pytest.fixture(scope="module")
def nano() -> Nano:
    return Nano(shipped())


def test_it_is_small_and_complete() -> None:
    files = {path.name: path.stat().st_size for path in shipped().iterdir()}
    assert set(files) == {"README.md", "config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"}
    assert sum(files.values()) < 6_000_000


def test_every_tensor_has_the_shape_that_the_config_says() -> None:
    config = json.loads((shipped() / "config.json").read_text())
    dim, hidden, wide = config["hidden_size"], config["intermediate_size"], config["head_dim"]
    q, kv = config["num_attention_heads"] * wide, config["num_key_value_heads"] * wide
    shapes = {"model.embed_tokens.weight": [config["vocab_size"], dim], "model.norm.weight": [dim]}
    for i in range(config["num_hidden_layers"]):
        name = f"model.layers.{i}."
        shapes |= {
            f"{name}self_attn.{part}_proj.weight": [rows, dim] for part, rows in (("q", q), ("k", kv), ("v", kv))
        }
        shapes |= {f"{name}mlp.{part}_proj.weight": [hidden, dim] for part in ("gate", "up")}
        shapes |= {f"{name}{part}_layernorm.weight": [dim] for part in ("input", "post_attention")}
        shapes |= {f"{name}self_attn.o_proj.weight": [dim, q], f"{name}mlp.down_proj.weight": [dim, hidden]}
    with safe_open(shipped() / "model.safetensors", "np") as file:
        assert {name: file.get_slice(name).get_shape() for name in file.keys()} == shapes  # noqa: SIM118
        assert all(np.isfinite(file.get_tensor(name)).all() for name in shapes)


def test_its_tokenizer_covers_all_bytes_and_the_control_ids() -> None:
    config = json.loads((shipped() / "config.json").read_text())
    tokenizer = Tokenizer.from_file(str(shipped() / "tokenizer.json"))
    assert tokenizer.get_vocab_size() == config["vocab_size"]
    assert [tokenizer.token_to_id(name) for name in SPECIALS] == list(range(len(SPECIALS)))
    text = "".join(map(chr, range(256))) + " naïve → 漢字 🙂"
    assert tokenizer.decode(tokenizer.encode(text).ids) == text
    assert json.loads((shipped() / "tokenizer_config.json").read_text())["chat_template"] == CHAT_TEMPLATE


def test_the_suggested_first_question_works_with_and_without_a_system_text(nano: Nano) -> None:
    item = next(item for item in requests("requests") if item["request"] == "what is 37*48?")
    for system in ("", instructions()):
        spoken = nano.answer(item, system)
        assert [call.text for call in spoken.calls] == ["calc 37*48"]
        assert (spoken.answer, spoken.ended) == ("The answer is 1776.", True)


def test_it_does_what_the_card_says(nano: Nano) -> None:
    """A third of the hand-written requests, against shares safely below the card's."""
    items = requests("requests")[::3]
    verdicts = [judge(item["expect"], nano.answer(item, instructions())) for item in items]
    assert share(v.device for v in verdicts).hits >= 0.9 * len(items)
    assert share(v.answer for v in verdicts).hits >= 0.65 * len(items)


def test_it_dreams_on_in_the_manual_it_was_not_shown(nano: Nano) -> None:
    """Bits a byte on kept-out paragraphs: far better than single bytes would be."""
    bits, size = 0.0, 0
    for text in texts.manual(kept_out=True)[:6]:
        ids = nano.form.encode(text)[:120]
        nano.reference.forget()
        for token, following in pairwise(ids):
            scores = nano.reference.feed(token).astype(np.float64)
            bits += (np.logaddexp.reduce(scores) - scores[following]) / np.log(2)
        size += len(nano.tokenizer.decode(ids[1:]).encode())
    assert 0.5 < bits / size < 3.0
