"""A tiny text codec."""

import pytest


@pytest.fixture(autouse=True)
def tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    """A preset that is compiled in a moment."""
    from semantic.text.sizes import PRESETS, Sizes

    monkeypatch.setitem(PRESETS, "tiny", Sizes(16, 2, 16, 1, 1, 16, 8))
