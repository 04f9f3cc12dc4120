"""The text codec: its alphabet and its networks."""

import numpy as np
import pytest

from semantic.text.alphabet import CHARACTERS, NONE, TOKENS, chunks, normalise, to_text, to_tokens
from semantic.text.combining import combine, unit_power
from semantic.text.model import TextModel
from semantic.text.sizes import CHUNK, COPIES, PRESETS

SAID = "The quick brown fox, who can't rest, jumps over {} lazy dogs. Why not?\n\n"


@pytest.mark.parametrize(
    ("text", "sent"),
    [
        ("Bin BLUE  at F2,\tnow!", "bin blue at f2, now!"),
        ("“Café” – it’s naïve…", '"cafe" - it\'s naive...'),
        ("Straße 5 €", "strasse 5"),
        ("日本", ""),
        ("", ""),
    ],
)
def test_any_text_can_be_sent(text: str, sent: str) -> None:
    assert normalise(text) == sent
    assert normalise(sent) == sent
    assert to_text(to_tokens(sent)) == sent


def test_every_character_has_a_token_of_its_own() -> None:
    tokens = to_tokens(CHARACTERS)
    assert len(set(tokens)) == len(CHARACTERS) == TOKENS - 1
    assert NONE not in tokens
    assert to_text(tokens) == CHARACTERS


def test_chunks_are_cut_between_words() -> None:
    text = normalise(SAID.format("seventeen") * 5)
    cut = chunks(text)
    assert " ".join(cut) == text
    assert all(0 < len(chunk) <= CHUNK for chunk in cut)
    assert chunks("") == []
    assert chunks("a" * CHUNK) == ["a" * CHUNK]
    assert chunks("b " + "a" * (2 * CHUNK + 1)) == ["b", "a" * CHUNK, "a" * CHUNK, "a"]


def test_copies_combine_as_maximum_ratio() -> None:
    """Two copies with N0 of 1 and 1/3 are one with N0 of 1/4; one that was not sent is none."""
    received = np.array([[2.0, 7.0], [1.0, 9.0], [50.0, 50.0]], np.float32)
    noise = np.array([[1.0, 1.0], [1 / 3, 1.0], [1.0, 1.0]], np.float32)
    sent = np.array([[1, 0], [1, 0], [0, 0]], np.float32)
    estimate, trust = combine(received, noise, sent, axis=0)
    mean = (1 * 2.0 + 3 * 1.0) / 4
    assert np.asarray(estimate) == pytest.approx([mean * 4 / 5, 0.0])
    assert np.asarray(trust) == pytest.approx([4 / 5, 0.0])


def test_power_of_what_is_sent() -> None:
    latents = np.random.default_rng(0).normal(3.0, 5.0, (2, CHUNK, 8)).astype(np.float32)
    sent = np.zeros_like(latents)
    sent[0, :10, :4] = sent[1, :, :] = 1.0
    scaled = np.asarray(unit_power(latents, sent))
    assert (scaled**2).sum((1, 2)) == pytest.approx(sent.sum((1, 2)), rel=1e-5)
    assert not scaled[sent == 0].any()


@pytest.mark.parametrize(("preset", "parameters"), [("compact", 2_674_022), ("paper", 1_307_094)])
def test_sizes(preset: str, parameters: int) -> None:
    model = TextModel(preset=preset)
    tokens = np.zeros((2, CHUNK), np.int32)
    tokens[0, :5] = 3
    latents = np.asarray(model.encoder(tokens))
    assert latents.shape == (2, CHUNK, PRESETS[preset].latents)
    logits = model.decoder([latents, np.ones(latents.shape, np.float32), tokens != NONE])
    assert logits.shape == (2, CHUNK, TOKENS)
    assert np.isfinite(logits).all()
    assert model.encoder.count_params() + model.decoder.count_params() == parameters


def test_nothing_depends_on_places_without_character() -> None:
    model = TextModel(preset="tiny")
    rng = np.random.default_rng(0)
    estimate = rng.normal(size=(1, CHUNK, 8)).astype(np.float32)
    trust = rng.uniform(size=estimate.shape).astype(np.float32)
    present = np.arange(CHUNK)[None] < 20
    before = np.asarray(model.decoder([estimate, trust, present]))[:, :20]
    estimate[:, 20:], trust[:, 20:] = 9.0, 0.5
    after = np.asarray(model.decoder([estimate, trust, present]))[:, :20]
    assert after == pytest.approx(before, abs=1e-5)
    estimate[:, 19] = -9.0
    assert (
        np.abs(np.asarray(model.decoder([estimate, trust, present]))[:, :19] - after[:, :19]).max()
        > 1e-4
    )


def inputs(rows: int, **values: float) -> dict[str, np.ndarray]:
    tokens = np.full((rows, CHUNK), NONE, np.int32)
    tokens[:, :40] = np.random.default_rng(0).integers(1, TOKENS, 40)
    told = {"snr_db": 10.0, "kept": 8.0, "copies": 1.0, "company": 1.0} | values
    return {"tokens": tokens, **{k: np.full(rows, v, np.float32) for k, v in told.items()}}


def test_a_clean_channel_delivers_what_was_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """Through copies, interleaving and gathering, each latent comes back to its place."""
    model = TextModel(preset="tiny", channel="awgn")
    seen = {}

    def decoder(arrived: list, training: bool) -> object:
        seen["estimate"], seen["trust"], _ = (np.asarray(x) for x in arrived)
        return np.zeros((3, CHUNK, TOKENS), np.float32)

    monkeypatch.setattr(model, "decoder", decoder)
    for kept, copies, snr_db in ((8, 1.0, 80.0), (5, 2.5, 80.0), (8, 4.0, 0.0)):
        told = inputs(3, kept=kept, copies=copies, snr_db=snr_db)
        model.call(told, training=False)
        sent = np.zeros((3, CHUNK, 8), np.float32)
        sent[:, :40, :kept] = 1.0
        if snr_db == 80.0:
            latents = np.asarray(unit_power(model.encoder(told["tokens"]), sent))
            assert seen["estimate"] == pytest.approx(latents, abs=5e-3)
            assert seen["trust"] == pytest.approx(sent, abs=1e-3)
        else:
            # Noise of power 1 a real, heard four times: 4 / 5.
            assert seen["trust"] == pytest.approx(0.8 * sent, rel=1e-5)


def test_copies_raise_the_trust_as_told() -> None:
    model = TextModel(preset="tiny")
    present = np.arange(CHUNK)[None] < 40
    copies = np.asarray(model._copies(present, np.array([2.5], np.float32)))
    assert copies.shape == (1, COPIES, CHUNK)
    assert copies.sum((0, 2)).tolist() == [40, 40, 20, 0]
