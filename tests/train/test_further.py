"""Dialogues for the devices beyond the first four: calls that the devices' grammars allow, results that they would bring."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from random import Random

import pytest
from tokenizers import Tokenizer

from llmos.devices import registry
from llmos.devices.base import Context, DeviceError
from llmos.train import further
from llmos.train.chatform import ChatForm
from llmos.train.dialogue import Dialogue, Exchange
from llmos.train.nano import CONTEXT
from tests.devices.helpers import accepts

from .nano_scores import shipped


@pytest.fixture(scope="module")
def made() -> list[Exchange]:
    rng = Random(11)
    return [maker(rng) for _, maker in further.MAKERS for _ in range(60)]


def test_every_call_is_one_that_its_devices_grammar_allows(made: list[Exchange], tmp_path: Path) -> None:
    devices = registry.mounted(registry.CORE, registry.Settings(home=tmp_path))
    for one in made:
        (call,) = one.calls
        assert accepts(devices[call.device].grammar, call.args), call.text


def test_charts_and_programs_are_what_the_devices_bring(made: list[Exchange], tmp_path: Path) -> None:
    devices = registry.mounted(("plot", "python"), registry.Settings(home=tmp_path))
    seen = set()
    for one in made:
        (call,) = one.calls
        if call.device not in devices:
            continue
        shown, cut, _ = call.result.partition(" [cut: ")
        brought = devices[call.device].call(call.args, Context(now=datetime.now)).text
        assert brought.startswith(shown)
        assert bool(cut) == (brought != shown)
        seen.add((call.device, bool(cut)))
    assert seen == {("plot", True), ("plot", False), ("python", False)}


def test_errors_of_pages_are_the_browsers_own(made: list[Exchange], tmp_path: Path) -> None:
    browser = registry.mounted(("browser",), registry.Settings(home=tmp_path))["browser"]
    said = {one.calls[0].result.removeprefix("error: ") for one in made if one.calls[0].args.startswith("open http")}
    hosts = [one for one in said if "not allowed" in one]
    assert hosts
    for args in (one.calls[0].args for one in made if one.calls[0].result.removeprefix("error: ") in hosts):
        with pytest.raises(DeviceError) as caught:
            browser.call(args, Context(now=datetime.now))
        assert str(caught.value) in hosts
    with pytest.raises(DeviceError, match="no page is open; write: open URL"):
        browser.call("more", Context(now=datetime.now))


def test_they_fit_into_nanos_window(made: list[Exchange]) -> None:
    form = ChatForm(Tokenizer.from_file(str(shipped() / "tokenizer.json")))
    lengths = sorted(len(form.dialogue(Dialogue("further", (one,))).tokens) for one in made)
    assert lengths[int(0.97 * len(lengths))] <= CONTEXT
