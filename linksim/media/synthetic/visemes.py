"""Mouth shapes of speech: what the lips do while phonemes are said."""

from math import pi, sin

import numpy as np

from linksim.media.synthetic.espeak import Speech
from linksim.media.synthetic.expression import Expression

LEAD = 0.3
"""Seconds of rest before the speech."""

VISEMES = {
    **dict.fromkeys("pbm", (0.0, 0.0)),
    **dict.fromkeys("fv", (0.06, 0.1)),
    **dict.fromkeys("TD", (0.2, 0.1)),
    **dict.fromkeys("sz", (0.12, 0.4)),
    **dict.fromkeys("SZ", (0.18, -0.5)),
    **dict.fromkeys("tdnl", (0.22, 0.1)),
    **dict.fromkeys("kgNhj?", (0.28, 0.1)),
    **dict.fromkeys("rw", (0.2, -0.7)),
    **dict.fromkeys("aA", (0.85, 0.1)),
    **dict.fromkeys("V3", (0.6, -0.1)),
    **dict.fromkeys("Ee", (0.55, 0.6)),
    **dict.fromkeys("Ii", (0.35, 0.9)),
    **dict.fromkeys("O0", (0.7, -0.5)),
    **dict.fromkeys("o", (0.5, -0.8)),
    **dict.fromkeys("uU", (0.3, -1.0)),
    **dict.fromkeys("@", (0.4, 0.0)),
}
"""Opening and width of the mouth for the letters of espeak-ng's English mnemonics. A mnemonic of
two known letters, as a diphthong or "tS", passes through both."""

REST = (0.0, 0.0)


def expressions(speech: Speech, times: np.ndarray) -> tuple[Expression, ...]:
    """Return the expressions of a speaker at given times.

    The phonemes are followed at 1 kHz and smoothed as lips do.

    Parameters
    ----------
    speech : Speech
        What is said from `LEAD` on.
    times : np.ndarray
        float64, shape [T], in seconds, rising.
    """
    from scipy.ndimage import gaussian_filter1d

    end_of_speech = LEAD + speech.phonemes[-1][0]
    track = np.tile(REST, (round(1000 * max(times[-1], end_of_speech)) + 1, 1))
    for (start, name), (end, _) in zip(speech.phonemes, speech.phonemes[1:], strict=False):
        targets = [VISEMES[c] for c in name if c in VISEMES] or [REST]
        first, last = round((start + LEAD) * 1000), round((end + LEAD) * 1000)
        share = np.arange(last - first) * len(targets) // max(last - first, 1)
        track[first:last] = np.array(targets)[share]
    smooth = gaussian_filter1d(track, 25, axis=0)[np.round(times * 1000).astype(int)]
    return tuple(
        Expression(opening=opening, width=width, blink=_blink(t))
        for t, (opening, width) in zip(times.tolist(), smooth.tolist(), strict=True)
    )


def _blink(t: float) -> float:
    """Close the eyes for about 0.2 s now and then."""
    since = min((t - start) % 5.6 for start in (0.9, 3.3))
    return min(max(1.5 * sin(pi * min(since / 0.24, 1)), 0.0), 1.0)
