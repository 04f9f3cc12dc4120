"""The public face: linksim in ten lines of Python."""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest
import tensorflow as tf

import linksim as ls
from linksim.phy.channels import Channel
from linksim.phy.grid import Grid

SMALL = ls.Link(modulation="16qam", subcarriers=24)
QUICK = ls.StopRule(block_errors=50, max_blocks=2000)


@dataclass(frozen=True)
class MyChannel(Channel):
    """Nakagami-m block fading: |h|^2 is a gamma variable of mean 1."""

    m: int = 1
    name = "nakagami"

    def sample(self, bursts: int, slots: int, grid: Grid) -> tf.Tensor:
        """Draw one power a slot: the mean of m exponentials."""
        from sionna.phy import config

        normal = config.tf_rng.normal([2 * int(self.m), bursts * slots])
        h = tf.cast(tf.sqrt(tf.reduce_mean(normal**2, axis=0)), tf.complex64)
        return tf.tile(tf.reshape(h, [-1, 1, 1]), [1, *grid.shape])


@pytest.mark.parametrize("use", ["dir(ls); ls.Link", "ls.Study.load('map')"])
def test_importing_and_checking_a_study_take_no_tensorflow(use: str) -> None:
    code = f"import sys, linksim as ls; {use}; print('tensorflow' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
    assert {"Link", "ber", "sweep", "send", "transmit", "Study"} <= set(dir(ls))


def test_ten_lines_are_a_sweep_over_two_channels(tmp_path: Path) -> None:
    r = ls.sweep(
        SMALL,
        channel=["rayleigh", MyChannel(m=2)],
        snr_db=range(0, 21, 10),
        stop=QUICK,
        folder=tmp_path,
    )
    table = r.to_pandas()
    assert list(table.columns[:4]) == ["channel", "snr_db", "ebn0_db", "ber"]
    assert {"bler", "ci_low", "ci_high", "blocks", "stop"} <= set(table.columns)
    assert table["channel"].unique().tolist() == ["rayleigh", "MyChannel(m=2)"]
    # Fading with m = 2 has the better tail.
    last = table[table.snr_db == 20].set_index("channel").bler
    assert last["MyChannel(m=2)"] < last["rayleigh"] < 1
    assert (table.ci_low <= table.bler).all()
    assert (table.bler <= table.ci_high).all()
    figure = r.plot("bler", theory=True, path=tmp_path / "out.pdf")
    assert len(figure.axes[0].get_legend().get_texts()) == 3  # with the outage bound
    plt.close(figure)
    assert "<table" in r._repr_html_()
    kept = sorted((tmp_path / "points").iterdir())
    assert len(kept) == 6
    kept[0].write_text("{")  # cut off by a full disk
    times = {file: file.stat().st_mtime_ns for file in kept[1:]}
    again = ls.sweep(
        SMALL,
        channel=["rayleigh", MyChannel(m=2)],
        snr_db=range(0, 21, 10),
        stop=QUICK,
        folder=tmp_path,
    )
    assert again.to_pandas().equals(table)
    assert {file: file.stat().st_mtime_ns for file in kept[1:]} == times


def test_a_result_is_saved_as_a_table(tmp_path: Path) -> None:
    r = ls.ber(ls.Link(channel="awgn", subcarriers=24), snr_db=[0, 30], stop=QUICK)
    r.save(tmp_path / "r.csv")
    assert (tmp_path / "r.csv").read_text().startswith("snr_db,ebn0_db,ber,bler,")
    assert '"bler": 0.0' in r.save(tmp_path / "r.json").read_text()
    with pytest.raises(ls.LinksimError, match=r"\.csv or \.json"):
        r.save(tmp_path / "r.xlsx")


def test_ebn0_shares_the_energy_among_information_bits() -> None:
    link = ls.Link(channel="awgn", estimator="perfect", subcarriers=24, modulation="qpsk")
    row = ls.ber(link, ebn0_db=3.0, stop=QUICK).rows[0]
    block = link.code_block()
    gain = 10 * np.log10(2 * block.info_bits / block.coded_bits)
    assert row["ebn0_db"] == pytest.approx(3.0)
    assert row["snr_db"] == pytest.approx(3.0 + gain)
    uncoded = ls.ber(link, ebn0_db=6.0, coded=False, stop=QUICK).rows[0]
    assert uncoded["snr_db"] == pytest.approx(6.0 + 10 * np.log10(2))
    assert uncoded["ber"] == pytest.approx(uncoded["theory_ber"], rel=0.2)


def test_several_links_are_told_apart_by_what_differs() -> None:
    links = [SMALL, ls.Link(modulation="qpsk", subcarriers=24)]
    r = ls.ber(links, snr_db=15, stop=QUICK)
    assert [row["link"] for row in r.rows] == ["16qam", "qpsk"]
    assert r.rows[1]["bler"] < r.rows[0]["bler"]


def test_workers_give_the_same_rows() -> None:
    kind = {"modulation": ["qpsk", "16qam"], "snr_db": [10, 15], "stop": QUICK}
    two, one = (ls.sweep(SMALL, workers=n, **kind).to_pandas() for n in (2, 1))
    assert two.equals(one)


def test_arrays_come_back_in_their_shape() -> None:
    link = ls.Link(channel="awgn", subcarriers=24)
    bits = np.random.default_rng(0).integers(0, 2, (3, 5, 100))
    sent = ls.transmit(bits, link, 20.0)
    np.testing.assert_array_equal(sent.values, bits)
    assert sent.values.dtype == bits.dtype
    assert sent.block_ok.all()
    assert sent.llr is None

    raw = ls.transmit(bits, link, 6.0, coded=False)
    assert raw.llr.shape == bits.shape
    assert 0 < raw.bit_errors == (raw.values != bits).sum() < bits.size / 4
    # Logits tell the probability of an error.
    assert np.mean(1 / (1 + np.exp(np.abs(raw.llr)))) == pytest.approx(
        raw.bit_errors / bits.size, rel=0.3
    )

    latents = np.random.default_rng(1).normal(size=(2, 7, 50)).astype(np.float32)
    real = ls.transmit(latents, link, 20.0)
    assert real.values.shape == real.noise_variance.shape == latents.shape
    assert np.mean((real.values - latents) ** 2) == pytest.approx(
        real.noise_variance.mean(), rel=0.2
    )
    whole = ls.transmit(latents[0] + 1j * latents[1], link, 20.0)
    assert whole.values.dtype == np.complex64
    error = np.abs(whole.values - (latents[0] + 1j * latents[1])) ** 2
    assert error.mean() == pytest.approx(whole.noise_variance.mean(), rel=0.25)


def test_a_link_goes_by_what_its_file_holds_now(tmp_path: Path) -> None:
    path = tmp_path / "measured.npz"
    errors = []
    for gain in (1.0, 0.01):
        np.savez(path, a=np.full((1, 1, 1), gain + 0j), tau=np.zeros((1, 1)))
        link = ls.Link(channel=f"cir:file={path},normalise=none", subcarriers=24)
        errors.append(ls.transmit(np.ones(1000, int), link, 20.0).bit_errors)
    assert errors[0] == 0 < errors[1]


def test_a_deep_fade_shows_in_the_decoded_bits_too() -> None:
    bits = np.random.default_rng(0).integers(0, 2, 20_000)
    sent = ls.transmit(bits, ls.Link(subcarriers=24), 8.0)
    assert not sent.block_ok.all()
    assert 0 < sent.bit_errors < bits.size / 2


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: ls.Link(modulaton="qpsk"), "did you mean 'modulation'"),
        (lambda: ls.Link("rayleigh"), "by their names"),
        (lambda: ls.sweep(SMALL, modulaton=["qpsk"], snr_db=3), "did you mean 'modulation'"),
        (lambda: ls.sweep(SMALL, channel=[3], snr_db=3), "channel must be text"),
        (lambda: ls.sweep(SMALL, channel=[], snr_db=3), "axis channel has no values"),
        (lambda: ls.sweep(3, snr_db=3), "must be a linksim.Link"),
        (lambda: ls.ber([], snr_db=3), "there is no link"),
        (lambda: ls.ber(SMALL), "either snr_db or ebn0_db"),
        (lambda: ls.ber(SMALL, snr_db=3, ebn0_db=3), "either snr_db or ebn0_db"),
        (lambda: ls.ber(SMALL, snr_db=float("nan")), "finite number"),
        (lambda: ls.ber(SMALL, snr_db="three"), "numbers in dB"),
        (lambda: ls.ber(SMALL, snr_db=[]), "one finite number or more"),
        (lambda: ls.sweep(SMALL, snr_db=3, workers=0), "workers must be 1 or more"),
        (lambda: ls.transmit([0, 2], SMALL, 3.0), "bits, 0 or 1"),
        (lambda: ls.transmit([0.0, np.nan], SMALL, 3.0), "NaN or infinite"),
        (lambda: ls.transmit(["a"], SMALL, 3.0), "bits or numbers"),
        (lambda: ls.transmit([0, 1], "rayleigh", 3.0), "must be a linksim.Link"),
        (lambda: ls.transmit([0, 1], SMALL, float("inf")), "finite number"),
        (lambda: ls.send(3, "still"), "a clip must be"),
        (lambda: ls.send("builtin", 3), "an endpoint must be"),
        (
            lambda: ls.sweep(SMALL, snr_db=3, endpoint="stil", clip="builtin"),
            "did you mean 'still'",
        ),
        (lambda: ls.Link(code_rate="half"), "code_rate must be a number"),
        (lambda: ls.Link(channel=object()), "channel must be text"),
        (lambda: ls.Study.load("quik"), "quick"),
    ],
)
def test_what_is_wrong_gets_one_line(call: object, message: str) -> None:
    with pytest.raises(ls.LinksimError, match=message) as raised:
        call()
    assert "\n" not in str(raised.value)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        ls.nothing  # noqa: B018


def test_a_channel_must_tell_its_options() -> None:
    class Loose(Channel):
        name = "loose"

        def sample(self, bursts: int, slots: int, grid: Grid) -> tf.Tensor:
            return tf.ones([bursts * slots, *grid.shape], tf.complex64)

    with pytest.raises(ls.LinksimError, match="frozen dataclass"):
        ls.Link(channel=Loose()).identity()


def test_another_option_is_another_channel() -> None:
    one, two = (ls.Link(channel=MyChannel(m=m)).identity() for m in (1, 2))
    assert one != two
    assert one == ls.Link(channel=MyChannel(m=1)).identity()


@dataclass(frozen=True)
class Frozen(Channel):
    """A channel that NumPy draws, which a graph would draw once and for all."""

    kind: str = "numpy"
    name = "frozen"

    def sample(self, bursts: int, slots: int, grid: Grid) -> tf.Tensor:
        """Draw what the kind says."""
        shape = (bursts * slots, *grid.shape)
        if self.kind == "shape":
            return tf.ones([3, 3], tf.complex64)
        if self.kind == "nan":
            return tf.fill(shape, tf.complex(np.float32(np.nan), np.float32(0)))
        return tf.constant(np.random.default_rng().normal(size=shape).astype(np.complex64))


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("numpy", "draws outside of TensorFlow's graph"),
        ("shape", r"complex64 of shape \[2, 14, 24\] for 2 slots"),
        ("nan", "NaN or infinity"),
    ],
)
def test_a_channel_that_would_be_wrong_is_refused(kind: str, message: str) -> None:
    with pytest.raises(ls.LinksimError, match=message):
        ls.ber(ls.Link(channel=Frozen(kind=kind), subcarriers=24), snr_db=3)
