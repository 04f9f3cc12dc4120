"""``linksim models``: every network is listed, with the sizes that are known of them."""

import io
import json
from contextlib import redirect_stdout
from typing import Any

import numpy as np
import pytest

from linksim.media.faces.networks import DETECTOR, MESH, installed, network_file
from semantic.text.alphabet import TOKENS
from semantic.text.sizes import CHUNK, PRESETS
from semantic.training.weights import FOLDER
from studies.bench.networks import face as networks_face
from studies.bench.networks.text import CHARACTERS
from studies.cli.main import main
from studies.cli.models import figures

PICTURES = ("block transform", "inverse transform")
LATENTS = ("entropy model", "side density", "JSCC encoder", "JSCC decoder")
NAMES = {
    "audio codec": ["encoder", "decoder"],
    "audio codec, low delay": ["encoder", "decoder"],
    "video codec": [
        "P: motion estimation",
        *(f"P: {name}" for name in PICTURES),
        *(f"P: {name} of {part}" for part in ("motion", "feature") for name in LATENTS[:2]),
        *(f"I: {name}" for name in (*PICTURES, *LATENTS)),
        "post-filter",
    ],
    "text codec": ["encoder", "decoder"],
    "coded lips": ["encoder", "decoder"],
    "lip synchronisation": ["generator", "sync expert", "discriminator"],
    "gate": ["face detector", "face mesh"],
}
FPS, SIZE = 19, (100, 70)
P_FRAMES = FPS * 37 / 38
HALF = 56 * 40  # positions of the features of a frame, which is padded to 112x80


@pytest.fixture(scope="module")
def printed(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, dict[str, Any]]:
    """The table and the file of the compact networks."""
    file = tmp_path_factory.mktemp("models") / "models.json"
    argv = ["models", "--fps", str(FPS), "--size", "{}x{}".format(*SIZE), "--json", str(file)]
    with redirect_stdout(io.StringIO()) as out:
        assert main(argv) == 0
    return out.getvalue(), json.loads(file.read_text())


@pytest.fixture(scope="module")
def networks(printed: tuple[str, dict[str, Any]]) -> dict[tuple[str, str], dict[str, Any]]:
    """The networks of the file by codec and name."""
    return {(n["codec"], n["name"]): n for n in printed[1]["networks"]}


def test_all_networks_are_listed(
    printed: tuple[str, dict[str, Any]], networks: dict[tuple[str, str], dict[str, Any]]
) -> None:
    table, document = printed
    assert list(networks) == [(codec, name) for codec, names in NAMES.items() for name in names]
    for words in [*NAMES, *(name for names in NAMES.values() for name in names)]:
        assert words in table
    assert "padded to 112x80" in table
    assert (document["preset"], document["fps"]) == ("compact", FPS)


@pytest.mark.parametrize(
    ("codec", "file"),
    [("audio codec", "asc"), ("video codec", "dvst"), ("text codec", "text")],
)
def test_parameters_are_those_of_the_weights(
    codec: str, file: str, networks: dict[tuple[str, str], dict[str, Any]]
) -> None:
    with np.load(FOLDER / f"{file}_compact.npz") as arrays:
        expected = sum(arrays[name].size for name in arrays.files)
    assert sum(n["parameters"] for n in networks.values() if n["codec"] == codec) == expected


def test_video_is_counted_where_it_runs(
    networks: dict[tuple[str, str], dict[str, Any]],
) -> None:
    def macs(name: str) -> tuple[float | None, float | None]:
        network = networks["video codec", name]
        return network["transmitter"], network["receiver"]

    # Each end draws what arrived and, for the next frame, what arrived without loss alone.
    twice = 2 * (7 * 5) * 64 * 768 * P_FRAMES
    assert macs("P: inverse transform") == pytest.approx((twice, twice))
    for name in ("P: motion estimation", "I: JSCC encoder", "P: block transform"):
        assert macs(name)[0] > 0
        assert macs(name)[1] is None
    assert macs("I: JSCC decoder")[0] == macs("I: JSCC decoder")[1] > 0
    first, inner, last = 9 * 25 * 32, 9 * 32 * 32, 9 * 32 * 12
    assert macs("post-filter") == (None, pytest.approx(HALF * (first + 4 * inner + last) * FPS))


def test_text_is_counted_by_the_character(
    networks: dict[tuple[str, str], dict[str, Any]],
) -> None:
    sizes = PRESETS["compact"]
    for name, end, layers in (
        ("encoder", "transmitter", sizes.encoder_layers),
        ("decoder", "receiver", sizes.decoder_layers),
    ):
        # Four projections, attention to all of a chunk and its sum, two dense layers.
        each = sizes.width * (4 * sizes.width + 2 * CHUNK + 2 * sizes.inner)
        around = sizes.dense * (sizes.width + 3 * sizes.latents) + sizes.width * TOKENS
        counted = networks["text codec", name][end] / CHARACTERS
        assert layers * each < counted <= layers * each + around


def test_paper_sizes_are_those_published() -> None:
    from studies.bench.networks.lips import lip_networks

    generator, expert, discriminator = lip_networks("paper", 25)
    assert generator.parameters == pytest.approx(36.3e6, rel=0.02)
    assert generator.receiver == pytest.approx(25 * 3.97e9, rel=0.02)
    assert expert.parameters == pytest.approx(16.4e6, rel=0.02)
    assert discriminator.parameters == pytest.approx(14.1e6, rel=0.02)


@pytest.mark.skipif(not installed(), reason="needs the extra 'clip'")
def test_face_networks() -> None:
    detector, mesh = networks_face.face_networks(1.0)
    # One holds its parameters in two bytes each, the other in four, beside a few kB of structure.
    for network, file, width in ((detector, DETECTOR, 2), (mesh, MESH, 4)):
        rest = network_file(file).stat().st_size - width * network.parameters
        assert 0 < rest < 40_000
    # The first of many layers has 24 filters of 5x5x3 at 64x64 positions.
    assert detector.transmitter > 64 * 64 * 24 * 75
    assert mesh.transmitter > 3 * 96 * 96 * 16 * 27


def test_face_networks_that_are_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(networks_face, "installed", lambda: False)
    found = networks_face.face_networks(25.0)
    assert [(n.parameters, n.transmitter) for n in found] == [(None, None)] * 2
    assert figures(found) == ["-", "", "", ""]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--preset", "papr"], "unknown --preset 'papr'; did you mean 'paper'?"),
        (["--fps", "0"], "--fps must be between 1 and 240, not 0"),
        (["--fps", "nan"], "--fps must be between 1 and 240, not nan"),
        (["--fps", "fast"], "argument --fps: invalid float value: 'fast'"),
        (["--size", "360"], "'360' is not of the form WxH, as 360x288"),
        (["--size", "360x-288"], "'360x-288' is not of the form WxH"),
        (["--size", "8x288"], "--size: the width must be between 16 and 1920, not 8"),
        (["--size", "360x4000"], "--size: the height must be between 16 and 1920, not 4000"),
        (["--json", "/proc/x.json"], "/proc/x.json: cannot be written"),
    ],
)
def test_bad_options_give_one_line(
    options: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["models", *options]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1


def test_other_backends_give_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    assert main(["models"]) == 2
    assert "not on KERAS_BACKEND=jax" in capsys.readouterr().err
