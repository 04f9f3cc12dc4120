from fractions import Fraction

import numpy as np
import pytest

from baselines.still import Still
from linksim.endpoint import Received, make_endpoint
from linksim.errors import LinksimError
from linksim.link.call.causality import early_changes
from linksim.link.config import LinkConfig
from linksim.link.transmission import Link
from linksim.media import Clip
from linksim.metrics import evaluate


def round_trip(clip: Clip) -> Clip:
    encoded = Still().encode(clip)
    assert encoded.streams == ()
    return Still().decode(Received(encoded.setup))


@pytest.mark.parametrize("fps", [Fraction(25), Fraction(30_000, 1001)])
def test_every_frame_is_the_mean(fps):
    rng = np.random.default_rng(3)
    frames = rng.integers(0, 256, (7, 34, 53, 3), np.uint8)
    shown = round_trip(Clip(frames, fps, np.ones(99, np.float32)))
    mean = np.round(frames.astype(float).mean(0))
    assert shown.frames.shape == frames.shape
    assert (shown.frames == mean).all()
    assert (shown.fps, shown.audio) == (fps, None)


def test_a_still_clip_comes_back_as_it_was(small_clip):
    clip = Clip(np.repeat(small_clip.frames[:1], 5, axis=0), small_clip.fps)
    assert round_trip(clip).fingerprint() == clip.fingerprint()


def test_no_other_still_is_better(small_clip):
    def error(frames):
        return np.mean((small_clip.frames.astype(int) - frames.astype(int)) ** 2)

    best = error(round_trip(small_clip).frames)
    assert best < min(error(picture[None]) for picture in small_clip.frames)


def test_it_crosses_the_link_unharmed_and_is_counted(small_clip):
    scheme = make_endpoint("still")
    encoded = scheme.encode(small_clip)
    sent = Link(LinkConfig(channel="awgn")).transmit(encoded, -20.0, 1)
    shown = scheme.decode(sent.received)
    assert shown.fingerprint() == round_trip(small_clip).fingerprint()
    assert evaluate(["psnr"], small_clip, shown)["psnr"].n == len(small_clip.frames)
    assert sent.accounting.side_info_bits == 8 * len(encoded.setup)
    assert sent.accounting.channel_uses > 0


def test_sound_alone_is_refused():
    with pytest.raises(LinksimError, match="scheme 'still' needs video"):
        Still().encode(Clip(audio=np.ones(9, np.float32)))


def test_in_a_conversation_it_is_the_first_picture(small_clip):
    scheme = Still().within(0.15)
    first, *_ = shown = scheme.decode(Received(scheme.encode(small_clip).setup)).frames
    assert (first == small_clip.frames[0]).all()
    assert (shown == first).all()
    assert early_changes(scheme, small_clip, [0.0, 0.2]) == []
    assert "set-up depends" in early_changes(Still(), small_clip, [0.2])[0]
