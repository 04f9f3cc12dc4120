"""How the lip-sync networks are trained: stages, sizes, weights of losses."""

from dataclasses import dataclass

from linksim.errors import LinksimError, unknown
from linksim.options import check_positive

ADVERSARIAL = ("non-saturating", "minimax")
"""Forms of the generator's adversarial loss, see `semantic.wav2lip.networks.losses`."""

FULL_RATE = 0.2
"""Learning rate with expert and discriminator over that without: at more, pictures get worse."""


@dataclass(frozen=True)
class TrainingStage:
    """A stretch of training.

    Parameters
    ----------
    name : str
        What is trained for.
    first, steps : int
        The step it begins with, and how many it has.
    learning_rate : float
        Peak; it warms up and falls with a cosine.
    w_s, w_g : float
        Weights of eq. (11); 0 for the expert.
    """

    name: str
    first: int
    steps: int
    learning_rate: float
    w_s: float = 0.0
    w_g: float = 0.0


@dataclass(frozen=True, kw_only=True)
class ExpertRecipe:
    """All that the expert's weights depend on, besides the clips.

    Parameters
    ----------
    preset : str
        Of `semantic.wav2lip.networks.expert.SyncExpert`.
    steps : int
        In all.
    batch, windows : int
        Clips of a step, and windows of each.
    learning_rate : float
        Peak.
    start : str or None
        File of weights to start from; None starts anew.
    seed : int
        Of initial weights and of batches.

    Raises
    ------
    LinksimError
        If a number is out of range.
    """

    preset: str = "compact"
    steps: int = 3000
    batch: int = 8
    windows: int = 8
    learning_rate: float = 1e-3
    start: str | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        check_positive(self, ("steps", "batch", "learning_rate"))
        if self.windows < 2:
            raise LinksimError(f"windows must be at least 2, not {self.windows}")

    def stage(self, step: int) -> TrainingStage:
        """Return the stage of a step; there is but one."""
        return TrainingStage("pairs", 0, self.steps, self.learning_rate)


@dataclass(frozen=True, kw_only=True)
class GeneratorRecipe:
    """All that the generator's weights depend on, besides the clips.

    Parameters
    ----------
    preset : str
        Of `semantic.wav2lip.networks.generator.Generator` and of the discriminator.
    steps : int
        In all.
    plain : float
        Share of the steps that comes first and has neither expert nor discriminator. The
        reference waits for a validated sync loss; a share keeps a step's stage known beforehand.
    batch : int
        Windows of five frames of a step.
    held : float
        Of `semantic.wav2lip.batches.GeneratorBatches`.
    learning_rate : float
        Peak, of generator and discriminator.
    w_s, w_g : float
        Of eq. (11). With `w_g` 0 there is no discriminator.
    adversarial : str
        One of `ADVERSARIAL`.
    expert, expert_preset : str or None, str
        File of the expert's weights, needed where `w_s` is not 0, and their preset.
    start, seed :
        See `ExpertRecipe`.

    Raises
    ------
    LinksimError
        If a number is out of range or the expert is missing.
    """

    preset: str = "compact"
    steps: int = 6000
    plain: float = 0.75
    batch: int = 4
    held: float = 0.8
    learning_rate: float = 1e-3
    w_s: float = 0.03
    w_g: float = 0.01
    adversarial: str = "non-saturating"
    expert: str | None = None
    expert_preset: str = "compact"
    start: str | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        check_positive(self, ("steps", "batch", "learning_rate"))
        for name in ("plain", "held"):
            if not 0 <= getattr(self, name) <= 1:
                raise LinksimError(f"{name} must be between 0 and 1, not {getattr(self, name):g}")
        check_weights(self.w_s, self.w_g)
        check_form(self.adversarial)
        if self.w_s and self.expert is None:
            raise LinksimError(
                "w_s above 0 needs an expert: pass weights of 'linksim train sync-expert' "
                "with --expert, or --w-s 0"
            )

    def stage(self, step: int) -> TrainingStage:
        """Return the stage of a step: ``plain`` with L_recon alone, then ``full``, eq. (11)."""
        plain = round(self.plain * self.steps) if self.w_s or self.w_g else self.steps
        if step < plain:
            return TrainingStage("plain", 0, plain, self.learning_rate)
        rest, rate = self.steps - plain, FULL_RATE * self.learning_rate
        return TrainingStage("full", plain, rest, rate, self.w_s, self.w_g)


def check_weights(w_s: float, w_g: float) -> None:
    """Raise `LinksimError` unless both weights of eq. (11) and what they leave are weights."""
    if not (w_s >= 0 and w_g >= 0 and w_s + w_g < 1):
        raise LinksimError(
            f"w_s and w_g must be 0 or more and together under 1, not {w_s:g} and {w_g:g}"
        )


def check_form(adversarial: str) -> None:
    """Raise `LinksimError` unless it is one of `ADVERSARIAL`."""
    if adversarial not in ADVERSARIAL:
        raise unknown("adversarial loss", adversarial, ADVERSARIAL)
