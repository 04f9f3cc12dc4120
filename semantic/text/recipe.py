"""How the text codec is trained: stages and sizes."""

from dataclasses import dataclass

from linksim.options import check_positive


@dataclass(frozen=True)
class Stage:
    """A stretch of training.

    Parameters
    ----------
    name : str
        What is trained for.
    first, steps : int
        The step it begins with, and how many it has.
    channel : str
        Kind of `semantic.training.channel.TrainingChannel`.
    learning_rate : float
        Peak; it warms up and falls with a cosine.
    """

    name: str
    first: int
    steps: int
    channel: str
    learning_rate: float


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """All that the weights depend on, besides the text.

    Parameters
    ----------
    preset : str
        Of `semantic.text.model.TextModel`.
    steps : int
        In all; a twentieth goes to the first stage.
    batch : int
        Stretches of text of a step.
    learning_rate : float
        Peak.
    snr_db : tuple of float
        Range of the SNR in dB.
    start : str or None
        File of weights to start from; None starts anew.
    seed : int
        Of weights, stretches, fading and noise.

    Raises
    ------
    LinksimError
        If a number is out of range.
    """

    preset: str = "compact"
    steps: int = 25_000
    batch: int = 512
    learning_rate: float = 1e-3
    snr_db: tuple[float, float] = (0.0, 20.0)
    start: str | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        check_positive(self, ("steps", "batch", "learning_rate"))

    def stage(self, step: int) -> Stage:
        """Return the stage of a step: white noise first, since fades teach little to a beginner."""
        first = self.steps // 20
        if step < first:
            return Stage("pre-train", 0, first, "awgn", self.learning_rate)
        return Stage("end-to-end", first, self.steps - first, "rayleigh", self.learning_rate)
