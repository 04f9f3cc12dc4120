"""Recipe of training the audio codec: stages, sizes, losses."""

from dataclasses import dataclass

from linksim.errors import LinksimError
from linksim.options import check_positive, option
from semantic.training.stage import Stage

LOWEST_DB = {"compact": 0.0, "paper": 0.0, "live": -3.0}
"""Least Es/N0 of training in dB, by preset. In a call 0 dB are less: the channel is estimated."""


@dataclass(frozen=True)
class AscStage(Stage):
    """A stage of training the audio codec.

    ``"fine-tune"`` trains aggregator and decomposer alone; others train everything.

    Parameters
    ----------
    channel : str
        Kind of `semantic.training.channel.TrainingChannel`.
    snr_db : tuple of float
        Range of the SNR in dB.
    """

    channel: str
    snr_db: tuple[float, float]


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """All that the weights of the audio codec depend on, besides the audio.

    A twentieth of the steps goes to the first stage, a tenth to the last, which has a fifth of
    the learning rate. A crop has `crop_frames` frames.

    Raises
    ------
    LinksimError
        If a number is out of range.
    """

    preset: str = option("compact", "sizes of the networks", choices=("compact", "paper", "live"))
    steps: int = option(22_000, "training steps of all stages", within=(1, 10**9))
    batch: int = option(8, "crops per step", within=(1, 10**6))
    crop_frames: int = 62
    learning_rate: float = option(1e-3, "peak learning rate", within=(1e-9, 1.0))
    perceptual: float = option(1.0, "weight of the perceptual loss", within=(0.0, 1e6))
    waveform: float = option(1.25, "weight of the waveform loss, eq. (8)", within=(0.0, 1e6))
    link: str | None = option(
        None, "channel of the link itself, over which to fine-tune (TensorFlow)"
    )
    start: str | None = option(None, "file of weights to start from")
    bridge: bool = option(False, "aggregator and decomposer alone, from the first step on")
    seed: int = option(0, "seed of weights, crops, fading and noise", within=(0, 2**32 - 1))

    def __post_init__(self) -> None:
        check_positive(self, ("steps", "batch", "crop_frames", "learning_rate"))
        if self.preset == "live" and self.link is not None:
            raise LinksimError("preset 'live' is not fine-tuned over the link, which has no clock")

    def stage(self, step: int) -> AscStage:
        """Return the stage of a step: clean warm-up, all through fading, then fine-tuning.

        The first and the last are those of Algorithm 1. With `bridge` there is the last alone.
        """
        first, ends, rate = self.steps // 20, self.steps // 10, self.learning_rate
        last, fading = self.steps - ends, (LOWEST_DB[self.preset], 20.0)
        if self.bridge:
            return AscStage("fine-tune", self.steps, rate, "rayleigh", fading)
        if step < first:
            return AscStage("pre-train", first, rate, "awgn", (10.0, 30.0))
        if step < last:
            return AscStage("end-to-end", last - first, rate, "rayleigh", fading)
        return AscStage("fine-tune", ends, rate / 5, "rayleigh", fading)
