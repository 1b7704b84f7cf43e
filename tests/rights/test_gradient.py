"""The attacker who has the weights: the search lowers the loss of the call it wants, and the monitor stops what comes of it."""

from __future__ import annotations

import pytest

from llmos.attacks.gradient import white_box


@pytest.mark.real
def test_the_search_gets_nearer_and_the_monitor_holds() -> None:
    found = white_box("nano", 2)
    assert found["last"] < found["first"]
    assert not found["reached"]
