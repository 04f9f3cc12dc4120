"""Groups of pictures: what the sender codes and the receiver shows."""

from collections.abc import Callable

import numpy as np
import pytest
from keras import ops

from linksim.errors import LinksimError
from semantic.dvst.bitstream.codec import Codec
from semantic.dvst.bitstream.gop import (
    SCENE_CUT,
    Conditions,
    FrameCode,
    ReceivedFrame,
    Sender,
    padded,
)

Moving = Callable[..., np.ndarray]

CONDITIONS = Conditions(10.0, 0.5, 1.0)

pytestmark = pytest.mark.usefixtures("tiny")


def test_nothing_sent_leaves_the_picture(tiny_codec: Codec) -> None:
    """However networks err, a still picture does not drift."""
    rng, inter = np.random.default_rng(0), tiny_codec.model.inter
    picture, base = (rng.uniform(size=(1, 32, 48, 3)).astype(np.float32) for _ in range(2))
    none = np.zeros((1, 2, 3, 3), np.float32)
    state = {"picture": picture, "base": base, "motion": none, "feature": none}
    silence = {
        "symbols": np.zeros((1, 2, 3, 8), np.float32),
        "noise": np.zeros((1, 2, 3, 8), np.float32),
        "rates": np.zeros((1, 2, 3), np.int32),
        "hyper": np.zeros((1, 2, 3, 2), np.float32),
    }
    received = {part: dict(silence) for part in inter.PARTS}
    shown, left = inter.decode(received, state, CONDITIONS.arrays(intra=False))
    for seen, sent in ((shown, picture), (left["picture"], picture), (left["base"], base)):
        assert np.allclose(seen, sent, atol=1e-6)
    # One position that is told of changes what lies there, and no more.
    received["feature"]["hyper"] = silence["hyper"].copy()
    received["feature"]["hyper"][0, 1, 2] = 1.0
    shown, _ = inter.decode(received, state, CONDITIONS.arrays(intra=False))
    moved = np.abs(ops.convert_to_numpy(shown) - picture)[0].max(axis=-1) > 1e-6
    assert moved[16:, 32:].mean() > 0.3
    moved[16:, 32:] = False
    assert not moved.any()


def test_odd_frames_come_back(tiny_codec: Codec, moving: Moving) -> None:
    sender, receiver = tiny_codec.sender, tiny_codec.receiver
    frames = moving(5, 29, 42)
    codes = list(sender(frames, CONDITIONS, gop=3))
    assert [code.intra for code in codes] == [True, False, False, True, False]
    for code in codes:
        assert code.symbols.dtype == np.float32
        ladders = {part: np.array(tiny_codec.model.ladders[part]) for part in code.rates}
        assert len(code.symbols) == sum(int(ladders[p][r].sum()) for p, r in code.rates.items())
        assert all(r.shape == (2, 3) for r in code.rates.values())
        assert all(h.shape == (2, 3, 2) and h.dtype == np.int32 for h in code.hyper.values())
        assert all(e.shape == (2, 3) and (e > -1e-3).all() for e in code.excess.values())
    assert [list(code.rates) for code in codes[:2]] == [["intra"], ["motion", "feature"]]
    assert len(codes[0].symbols) > 0
    shown = list(receiver(without_noise(codes), CONDITIONS, (29, 42)))
    assert np.stack(shown).shape == frames.shape
    assert np.array_equal(shown, list(receiver(without_noise(codes), CONDITIONS, (29, 42))))


def without_noise(codes: list[FrameCode]) -> list[ReceivedFrame]:
    return [ReceivedFrame(code, np.zeros_like(code.symbols)) for code in codes]


def test_receiver_follows_the_transmitter(tiny_codec: Codec, moving: Moving) -> None:
    frames = moving(3, 32, 48)
    codes = list(tiny_codec.sender(frames, CONDITIONS, gop=3))
    wanted, state = [], None
    for t, frame in enumerate(frames):
        codec = tiny_codec.model.inter if t else tiny_codec.model.intra
        told = CONDITIONS.arrays(intra=t == 0)
        _, echo, state = codec.encode(padded(frame)[None], state, told)
        wanted.append(255.0 * np.clip(ops.convert_to_numpy(echo[0]), 0.0, 1.0))
    assert np.std(wanted) > 1.0
    # What is shown has gone through the post-filter, too.
    seen = tiny_codec.receiver.unfiltered(without_noise(codes), CONDITIONS)
    pictures = [255.0 * np.clip(each["picture"][0], 0.0, 1.0) for each in seen]
    assert np.abs(np.stack(pictures) - wanted).max() < 1.0
    rng = np.random.default_rng(1)
    for code in codes:
        code.symbols[:] += rng.normal(size=code.symbols.shape)
    heard = [ReceivedFrame(code, np.ones_like(code.symbols)) for code in codes]
    noisy = np.stack(list(tiny_codec.receiver(heard, CONDITIONS, (32, 48))))
    assert np.abs(noisy - wanted).max() > 2.0


def test_lost_frames_last_to_the_next_intra_frame(tiny_codec: Codec, moving: Moving) -> None:
    received = without_noise(list(tiny_codec.sender(moving(6, 32, 48), CONDITIONS, gop=3)))
    received[1] = None
    shown = list(tiny_codec.receiver(received, CONDITIONS, (32, 48)))
    assert [frame is None for frame in shown] == [False, True, True, False, False, False]
    received[0] = None
    shown = list(tiny_codec.receiver(received, CONDITIONS, (32, 48)))
    assert [frame is None for frame in shown] == [True, True, True, False, False, False]


def test_no_symbols_at_all(tiny_codec: Codec) -> None:
    silent = Conditions(10.0, 1e-9, 1.0)
    codes = list(tiny_codec.sender(np.zeros((2, 32, 48, 3), np.uint8), silent, gop=2))
    assert [len(code.symbols) for code in codes] == [0, 0]
    shown = list(tiny_codec.receiver(without_noise(codes), silent, (32, 48)))
    assert [frame.shape for frame in shown] == [(32, 48, 3)] * 2


def test_a_scene_cut_starts_a_group(tiny_codec: Codec, moving: Moving) -> None:
    frames = np.concatenate([moving(4, 32, 48), 255 - moving(3, 32, 48)])
    assert np.abs(frames[4].astype(float) - frames[3]).mean() > SCENE_CUT
    codes = list(tiny_codec.sender(frames, CONDITIONS, gop=3))
    assert [code.intra for code in codes] == [True, False, False, True, True, False, False]


def test_twice_eta_never_sends_less(tiny_codec: Codec, moving: Moving) -> None:
    etas = [0.02 * 2**i for i in range(8)]
    counts = np.array(
        [
            [len(code.symbols) for code in tiny_codec.sender(moving(2, 32, 48), told, gop=2)]
            for told in (Conditions(10.0, eta, 1.0) for eta in etas)
        ]
    )
    assert (np.diff(counts[:, 0]) >= 0).all()
    assert (np.diff(counts.sum(axis=1)) >= 0).all()
    assert counts[0, 0] < counts[-1, 0] == 6 * 8


def test_frames_of_two_sizes_are_refused(tiny_codec: Codec, moving: Moving) -> None:
    frames = [moving(1, 32, 48)[0], moving(1, 48, 32)[0]]
    with pytest.raises(LinksimError, match=r"frame 1 is 32x48, those before it 48x32"):
        list(tiny_codec.sender(frames, CONDITIONS, gop=2))


def test_one_codec_takes_clips_of_several_sizes(tiny_codec: Codec, moving: Moving) -> None:
    sender = Sender(tiny_codec.model)
    for height, width in ((16, 32), (32, 16), (16, 32)):
        (code,) = sender(moving(1, height, width), CONDITIONS, gop=1)
        assert code.rates["intra"].shape == (height // 16, width // 16)


def test_both_ends_are_told_the_same() -> None:
    told = Conditions(7.3, 0.31, 0.77)
    single = Conditions(*(float(np.float32(x)) for x in (7.3, 0.31, 0.77)))
    for intra in (True, False):
        sent, heard = told.arrays(intra=intra), single.arrays(intra=intra)
        assert all(np.array_equal(sent[name], heard[name]) for name in sent)
        assert all(x.dtype == np.float32 and x.shape == (1,) for x in sent.values())
    # Groups live on what frames without reference bring.
    assert told.arrays(intra=True)["eta"] > told.arrays(intra=False)["eta"]


def test_padding_repeats_the_edge(moving: Moving) -> None:
    frame = moving(1, 17, 33)[0]
    out = padded(frame)
    assert out.shape == (32, 48, 3)
    assert np.allclose(out[:17, :33] * 255.0, frame)
    assert np.allclose(out[20, 40] * 255.0, frame[-1, -1])
