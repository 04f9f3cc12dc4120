"""The lip-sync networks: sizes, shapes, losses against closed forms, mel front end."""

import librosa
import numpy as np
import pytest
from keras import ops
from scipy.signal import lfilter

from linksim.errors import LinksimError
from linksim.metrics import tfgan
from semantic.wav2lip.frames.mel import COLUMN_RATE, SILENCE, filter_bank, mel_spectrogram
from semantic.wav2lip.networks import losses
from semantic.wav2lip.networks.discriminator import Discriminator
from semantic.wav2lip.networks.expert import SyncExpert
from semantic.wav2lip.networks.generator import Generator
from semantic.wav2lip.training.recipe import ADVERSARIAL, check_weights

REFERENCE_SIZES = {Generator: 36.3e6, SyncExpert: 16.4e6, Discriminator: 14.1e6}


def parameters(model: object) -> int:
    return sum(int(np.prod(v.shape)) for v in model.trainable_variables)


@pytest.fixture(scope="module")
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


@pytest.mark.parametrize("network", REFERENCE_SIZES)
def test_paper_preset_has_the_sizes_of_the_reference(network: type) -> None:
    assert parameters(network(preset="paper")) == pytest.approx(REFERENCE_SIZES[network], rel=0.01)


@pytest.mark.parametrize("network", REFERENCE_SIZES)
def test_compact_preset_is_small(network: type) -> None:
    assert parameters(network(preset="compact")) < 2e6


@pytest.mark.parametrize("network", REFERENCE_SIZES)
def test_unknown_preset(network: type) -> None:
    with pytest.raises(LinksimError, match="did you mean 'compact'"):
        network(preset="compakt")


@pytest.mark.parametrize("preset", ["compact", "paper"])
def test_generator_sees_no_lower_half(preset: str, rng: np.random.Generator) -> None:
    generator = Generator(preset=preset)
    face, reference = rng.random((2, 1, 96, 96, 3)).astype(np.float32)
    mel = rng.normal(size=(1, 80, 16, 1)).astype(np.float32)
    first = ops.convert_to_numpy(generator({"face": face, "reference": reference, "mel": mel}))
    assert first.shape == (1, 96, 96, 3)
    assert first.min() >= 0
    assert first.max() <= 1
    face[:, 48:] = 0.5
    assert np.array_equal(generator({"face": face, "reference": reference, "mel": mel}), first)
    heard = {"face": face, "reference": reference, "mel": 2 - mel}
    assert not np.array_equal(generator(heard), first)


def test_discriminator_judges_the_lower_half(rng: np.random.Generator) -> None:
    discriminator = Discriminator()
    faces = rng.random((3, 96, 96, 3)).astype(np.float32)
    logits = ops.convert_to_numpy(discriminator(faces))
    assert logits.shape == (3,)
    faces[:, :48] = 0
    assert np.array_equal(discriminator(faces), logits)


def test_expert_embeds_windows(rng: np.random.Generator) -> None:
    expert = SyncExpert()
    faces = rng.random((2, 3, 5, 96, 96, 3)).astype(np.float32)
    mel = rng.normal(size=(2, 3, 80, 16, 1)).astype(np.float32)
    v = ops.convert_to_numpy(expert.embed_faces(faces[0]))
    a = ops.convert_to_numpy(expert.embed_voice(mel[0]))
    assert np.linalg.norm(v, axis=1) == pytest.approx(1, abs=1e-5)
    assert min(v.min(), a.min()) >= 0
    p = ops.convert_to_numpy(expert({"faces": faces, "mel": mel}))
    assert p.shape == (2, 3, 3)
    assert p[0] == pytest.approx(v @ a.T, abs=1e-5)


# -- losses --------------------------------------------------------------------------


def test_probability_is_the_cosine() -> None:
    p = losses.probabilities(np.array([[3.0, 0.0], [0.0, 0.0]]), np.array([[1.0, 1.0], [1.0, 0.0]]))
    assert np.asarray(p) == pytest.approx([np.sqrt(0.5), 0])


def test_an_embedding_of_zeros_has_a_gradient() -> None:
    import tensorflow as tf

    v = tf.Variable([[0.0, 0.0]])
    with tf.GradientTape() as tape:
        loss = losses.sync_loss(losses.probabilities(v, np.array([[1.0, 0.5]], np.float32)))
    assert np.isfinite(tape.gradient(loss, v)).all()


def test_pairing_loss_is_half_together_half_apart() -> None:
    p = np.full((2, 3, 3), 0.2, np.float32)
    p[:, range(3), range(3)] = 0.7
    assert float(losses.pairing_loss(p)) == pytest.approx(-(np.log(0.7) + np.log(0.8)) / 2)


def test_eq_11() -> None:
    target, generated = np.zeros((2, 4, 4, 3)), np.full((2, 4, 4, 3), 0.25)
    recon = losses.reconstruction_loss(target, generated)
    sync = losses.sync_loss(np.array([0.5, 0.25]))
    logits = np.array([0.0, np.log(3.0)])  # D = 1/2, 3/4
    assert float(recon) == pytest.approx(0.25)
    assert float(sync) == pytest.approx(1.5 * np.log(2))
    minimax = losses.adversarial_loss(logits, "minimax")
    assert float(minimax) == pytest.approx(np.mean(np.log([1 / 2, 1 / 4])))
    usual = losses.adversarial_loss(logits)
    assert float(usual) == pytest.approx(-np.mean(np.log([1 / 2, 3 / 4])))
    total = losses.generator_loss(recon, sync, minimax, w_s=0.03, w_g=0.07)
    assert float(total) == pytest.approx(0.9 * 0.25 + 0.03 * float(sync) + 0.07 * float(minimax))


def test_both_adversarial_losses_want_the_discriminator_fooled() -> None:
    for form in ADVERSARIAL:
        fooled, caught = (float(losses.adversarial_loss(np.array([x]), form)) for x in (2.0, -2.0))
        assert fooled < caught


def test_wrong_losses() -> None:
    with pytest.raises(LinksimError, match="did you mean 'minimax'"):
        losses.adversarial_loss(np.zeros(1), "minmax")
    for weights in ((-0.1, 0), (0.5, 0.5), (float("nan"), 0)):
        with pytest.raises(LinksimError, match="w_s and w_g must be"):
            check_weights(*weights)


def test_adversarial_losses_are_those_of_tensorflow_gan() -> None:
    tfgan_losses = tfgan.load("losses.losses_impl")
    rng = np.random.default_rng(1)
    real, generated = rng.normal(0, 3, (2, 20)).astype(np.float32)
    theirs = tfgan_losses.minimax_discriminator_loss(real, generated, label_smoothing=0.0)
    assert float(losses.discriminator_loss(real, generated)) == pytest.approx(float(theirs))
    theirs = tfgan_losses.modified_generator_loss(generated)
    assert float(losses.adversarial_loss(generated)) == pytest.approx(float(theirs))
    # Theirs counts the real ones in, for which nothing depends on the generator.
    theirs = tfgan_losses.minimax_generator_loss(generated, label_smoothing=0.0)
    constant = np.mean(np.logaddexp(0, -1.0))
    ours = float(losses.adversarial_loss(generated, "minimax")) - constant
    assert ours == pytest.approx(float(theirs), rel=1e-5)


# -- mel front end -------------------------------------------------------------------


def test_filter_bank_is_slaneys() -> None:
    theirs = librosa.filters.mel(sr=16_000, n_fft=800, n_mels=80, fmin=55, fmax=7600)
    assert filter_bank() == pytest.approx(theirs, abs=1e-6)


def test_mel_is_that_of_librosa(rng: np.random.Generator) -> None:
    swept = np.sin(2 * np.pi * np.cumsum(np.linspace(60, 7000, 20_000)) / 16_000)
    sound = (0.3 * swept + 0.01 * rng.normal(size=20_000)).astype(np.float32)
    sound[12_000:14_000] = 0
    emphasised = lfilter([1, -0.97], [1], sound).astype(np.float32)
    magnitude = np.abs(librosa.stft(emphasised, n_fft=800, hop_length=200, win_length=800))
    bands = librosa.filters.mel(sr=16_000, n_fft=800, n_mels=80, fmin=55, fmax=7600) @ magnitude
    level = 20 * np.log10(np.maximum(1e-5, bands)) - 20
    theirs = np.clip(8 * (level + 100) / 100 - 4, -4, 4)
    ours = mel_spectrogram(sound)
    assert ours.dtype == np.float32
    assert ours.shape == (80, 101)
    assert ours == pytest.approx(theirs, abs=1e-3)


def test_mel_of_silence_and_of_bad_sound() -> None:
    assert np.all(mel_spectrogram(np.zeros(100, np.float32)) == SILENCE)
    assert COLUMN_RATE == 80
    for sound in (np.zeros(0, np.float32), np.zeros((2, 9), np.float32)):
        with pytest.raises(LinksimError, match=r"sound must be of shape \[N\]"):
            mel_spectrogram(sound)
    with pytest.raises(LinksimError, match="NaN or infinite"):
        mel_spectrogram(np.full(9, np.nan, np.float32))
