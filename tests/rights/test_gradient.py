"""The attacker who has the weights: the search lowers the loss of the call it wants, and the monitor stops what comes of it.

Searched is nano's lowest layer, for an obeying machine, which makes the call in any case: what the
search reaches on a whole model is measured by `llmos attack gradient`.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from llmos.attacks.gradient import white_box
from llmos.attacks.models import Obeying
from llmos.cpu.config import Model
from llmos.processor import load_model


@pytest.mark.real
def test_the_search_gets_nearer_and_the_monitor_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("llmos.processor.load_model", lambda name: lowest_layer(load_model(name)))
    monkeypatch.setattr("llmos.attacks.models.machine_of", lambda name, lanes: Obeying())
    found = white_box("nano", 2)
    assert found["last"] < found["first"]
    assert (found["reached_undefended"], found["tried"], found["reached"]) == (True, True, False)


def lowest_layer(model: Model) -> Model:
    params = {**model.params, "layers": model.params["layers"][:1]}
    return replace(model, config=replace(model.config, layers=1), parameters=params)
