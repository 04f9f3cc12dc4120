"""Recipe of training the text codec: stages and sizes."""

from dataclasses import dataclass

from linksim.options import check_positive, option
from semantic.training.stage import Stage


@dataclass(frozen=True)
class TextStage(Stage):
    """A stage of training the text codec.

    Parameters
    ----------
    channel : str
        Kind of `semantic.training.channel.TrainingChannel`.
    """

    channel: str


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """All that the weights of the text codec depend on, besides the text.

    A twentieth of the steps goes to the first stage. The SNR is drawn between both values of
    `snr_db`.

    Raises
    ------
    LinksimError
        If a number is out of range.
    """

    preset: str = option("compact", "sizes of the networks", choices=("compact", "paper"))
    steps: int = option(25_000, "training steps of all stages", within=(1, 10**9))
    batch: int = option(512, "stretches of text per step", within=(1, 10**6))
    learning_rate: float = option(1e-3, "peak learning rate", within=(1e-9, 1.0))
    snr_db: tuple[float, float] = (0.0, 20.0)
    start: str | None = option(None, "file of weights to start from")
    seed: int = option(0, "seed of weights, stretches, fading and noise", within=(0, 2**32 - 1))

    def __post_init__(self) -> None:
        check_positive(self, ("steps", "batch", "learning_rate"))

    def stage(self, step: int) -> TextStage:
        """Return the stage of a step: white noise first, as fading teaches a beginner little."""
        first = self.steps // 20
        if step < first:
            return TextStage("pre-train", first, self.learning_rate, "awgn")
        return TextStage("end-to-end", self.steps - first, self.learning_rate, "rayleigh")
