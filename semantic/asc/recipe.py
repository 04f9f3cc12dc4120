"""How the audio codec is trained: stages, sizes, losses."""

from dataclasses import dataclass

from linksim.options import check_positive


@dataclass(frozen=True)
class Stage:
    """A stretch of training.

    Parameters
    ----------
    name : str
        ``"fine-tune"`` trains aggregator and decomposer alone; others train everything.
    first, steps : int
        The step it begins with, and how many it has.
    channel : str
        Kind of `semantic.training.channel.TrainingChannel`.
    snr_db : tuple of float
        Range of the SNR in dB.
    learning_rate : float
        Peak; it warms up and falls with a cosine.
    """

    name: str
    first: int
    steps: int
    channel: str
    snr_db: tuple[float, float]
    learning_rate: float


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """All that the weights depend on, besides the audio.

    Parameters
    ----------
    preset : str
        Of `semantic.asc.model.AscModel`.
    steps : int
        In all; a twentieth goes to the first stage, a tenth to the last.
    batch, crop_frames : int
        Crops of a step, and frames of a crop.
    learning_rate : float
        Peak of the first two stages; the last has a fifth.
    perceptual, waveform : float
        Weights of the losses.
    link : str or None
        Channel of the link itself that the last stage goes through, see
        `semantic.training.link_channel`; None stays with the training channel.
    start : str or None
        File of weights to start from; None starts anew.
    seed : int
        Of weights, crops, fading and noise.

    Raises
    ------
    LinksimError
        If a number is out of range.
    """

    preset: str = "compact"
    steps: int = 22_000
    batch: int = 8
    crop_frames: int = 62
    learning_rate: float = 1e-3
    perceptual: float = 1.0
    waveform: float = 1.25
    link: str | None = None
    start: str | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        check_positive(self, ("steps", "batch", "crop_frames", "learning_rate"))

    def stage(self, step: int) -> Stage:
        """Return the stage of a step: clean warm-up, all through fading, then fine-tuning.

        The first and the last are those of Algorithm 1.
        """
        first, ends, rate = self.steps // 20, self.steps // 10, self.learning_rate
        last = self.steps - ends
        if step < first:
            return Stage("pre-train", 0, first, "awgn", (10.0, 30.0), rate)
        if step < last:
            return Stage("end-to-end", first, last - first, "rayleigh", (0.0, 20.0), rate)
        return Stage("fine-tune", last, ends, "rayleigh", (0.0, 20.0), rate / 5)
