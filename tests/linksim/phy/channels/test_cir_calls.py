"""Impulse responses of a file in a call: one realisation from its start to its end, or none."""

import wave
from pathlib import Path

import numpy as np
import pytest

from linksim.link.config import LinkConfig
from linksim.link.transmission import Link
from linksim.phy.channels.cir_file import write_cir
from linksim.phy.channels.export import export_channel
from studies.cli.main import main


@pytest.mark.parametrize("domain", ["frequency", "time"])
def test_a_call_meets_one_realisation_from_its_start_to_its_end(
    tmp_path: Path, domain: str
) -> None:
    """A file of 3 s, in which the phase of a path tells the time; its power tells which it is."""
    times = np.arange(3000) / 1e3
    turning = np.exp(2j * np.pi * 0.3 * times) * np.array([[1.0], [0.5]])
    file = tmp_path / "drive.npz"
    write_cir(file, turning[:, None, None, None], np.zeros((2, 1)), 1e3)
    config = LinkConfig(
        channel=f"cir:{file}", subcarriers=24, domain=domain, delay_budget=100, estimator="perfect"
    )
    call = Link(config)._call_link
    fading = call.realisation(3, 68, 2.5)
    h = np.concatenate([fading.slots(at, 100).numpy() for at in range(0, 2600, 100)])
    h = h.reshape(len(h), -1)[:, 0]
    np.testing.assert_allclose(np.abs(h), np.abs(h[0]), rtol=1e-3)
    turned = np.unwrap(np.angle(h)) / (2 * np.pi * 0.3)
    np.testing.assert_allclose(turned - turned[0], np.arange(2600) / 1e3, atol=2e-3)
    again = call.realisation(3, 68, 2.5)
    np.testing.assert_array_equal(again.slots(1234, 1).numpy(), fading.slots(1234, 1).numpy())


def test_a_call_that_outlasts_a_file_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "short.npz"
    size = {"realisations": 9, "slots": 200}
    export_channel("tdl-a:speed=0", file, **size, subcarrier_spacing=15e3, seed=1)
    spec = f"cir:{file}"
    clip = tmp_path / "voice.wav"
    with wave.open(str(clip), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes(np.random.default_rng(1).integers(-900, 900, 8000, np.int16).tobytes())
    command = ["send", str(clip), "--scheme", "opus", "--snr", "20", "--delay-budget", "100"]
    assert main([*command, "--channel", spec, "--out", str(tmp_path / "out")]) == 2
    line = "channel 'cir': its realisations last 0.2 s and the call 0.668 s"
    assert line in capsys.readouterr().err
    fading = Link(
        LinkConfig(channel=f"{spec},repeat=true", subcarriers=24, delay_budget=100)
    )._call_link.realisation(1, 68, 0.5)
    h = fading.slots(0, 600).numpy()[:, 0, 0]
    jumps = np.flatnonzero(np.abs(np.diff(h)) > 1e-5) + 1
    np.testing.assert_array_equal(jumps, [200, 400])
