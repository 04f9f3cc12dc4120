"""Warnings: what a link leaves out, said once and in one line."""

import warnings
from pathlib import Path

import numpy as np
import pytest

from linksim.errors import LinksimWarning
from linksim.link.config import LinkConfig
from studies.cli.main import main


def _lines(**fields: object) -> list[str]:
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        LinkConfig(**fields)
    assert all(issubclass(warning.category, LinksimWarning) for warning in found)
    return [str(warning.message) for warning in found]


def test_an_ordinary_link_leaves_nothing_out() -> None:
    for channel in ("rayleigh", "tdl-a", "tdl-c:delay_spread=300e-9", "cdl-e", "umi"):
        assert _lines(channel=channel) == []


@pytest.mark.parametrize(
    ("channel", "spacing", "prefix", "interference_db"),
    [
        # Table 7.7.2-3 of TR 38.901: at 1 us the last taps of TDL-C come at up to 8.65 us.
        ("tdl-c:delay_spread=2e-6", 15e3, "4.69", -22),
        ("cdl-a:delay_spread=300e-9", 120e3, "0.586", -20),
    ],
)
def test_paths_beyond_the_prefix_are_told(
    channel: str, spacing: float, prefix: str, interference_db: int
) -> None:
    (line,) = _lines(channel=channel, subcarrier_spacing=spacing)
    assert f"channel '{channel}' has paths beyond the cyclic prefix of {prefix} us" in line
    assert f"{interference_db} dB of the signal; use domain time" in line
    assert _lines(channel=channel, subcarrier_spacing=spacing, domain="time") == []


def test_late_paths_of_a_file_are_told(tmp_path: Path) -> None:
    """A path a tenth of the symbol after the prefix interferes by 0.1 (2 - 0.1) of its power."""
    late = (144 / 2048 + 0.1) / 15e3
    np.savez(tmp_path / "late.npz", a=np.ones((1, 2, 1)), tau=[[0.0, late]])
    (line,) = _lines(channel=f"cir:{tmp_path / 'late.npz'}")
    assert f"{10 * np.log10(0.19 / 2):.0f} dB of the signal" in line


def test_feedback_without_delay_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    (line,) = _lines(feedback_delay_slots=0)
    assert line.startswith("feedback_delay_slots 0 is not causal")
    assert _lines(feedback_delay_slots=1) == []
    arguments = ["ber", "--uncoded", "--estimator", "perfect", "--snr", "0", "--max-blocks", "1"]
    assert main([*arguments, "--channel", "tdl-c:delay_spread=2e-6"]) == 0
    assert capsys.readouterr().err.count("linksim: warning: channel 'tdl-c:delay_spread=2e-6'") == 1
