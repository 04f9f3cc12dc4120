"""Recipes of training the lip-sync networks: stages, sizes, weights of losses."""

from dataclasses import dataclass

from linksim.errors import LinksimError, unknown
from linksim.options import check_positive, option
from semantic.training.stage import Stage

ADVERSARIAL = ("non-saturating", "minimax")
"""Forms of the generator's adversarial loss, see `semantic.wav2lip.networks.losses`."""

FULL_RATE = 0.2
"""Learning rate with expert and discriminator over that without: at more, pictures get worse."""


@dataclass(frozen=True)
class GeneratorStage(Stage):
    """A stage of training the generator.

    Parameters
    ----------
    w_s, w_g : float
        Weights of eq. (11).
    """

    w_s: float = 0.0
    w_g: float = 0.0


@dataclass(frozen=True, kw_only=True)
class ExpertRecipe:
    """All that the weights of the lip-sync expert depend on, besides the clips.

    Raises
    ------
    LinksimError
        If a number is out of range.
    """

    preset: str = option("compact", "sizes of the network", choices=("compact", "paper"))
    steps: int = option(3000, "training steps", within=(1, 10**9))
    batch: int = option(8, "clips per step", within=(1, 10**6))
    windows: int = option(8, "windows of each clip of a step", within=(2, 10**3))
    learning_rate: float = option(1e-3, "peak learning rate", within=(1e-9, 1.0))
    start: str | None = option(None, "file of weights to start from")
    seed: int = option(0, "seed of weights and batches", within=(0, 2**32 - 1))

    def __post_init__(self) -> None:
        check_positive(self, ("steps", "batch", "learning_rate"))
        if self.windows < 2:
            raise LinksimError(f"windows must be at least 2, not {self.windows}")

    def stage(self, step: int) -> Stage:
        """Return the stage of a step; there is but one."""
        return Stage("pairs", self.steps, self.learning_rate)


@dataclass(frozen=True, kw_only=True)
class MouthRecipe:
    """All that the weights of the mouth codec depend on, besides the clips.

    Raises
    ------
    LinksimError
        If a number is out of range.
    """

    steps: int = option(6000, "training steps", within=(1, 10**9))
    batch: int = option(40, "frames per step", within=(1, 10**6))
    learning_rate: float = option(1e-3, "peak learning rate", within=(1e-9, 1.0))
    start: str | None = option(None, "file of weights to start from")
    seed: int = option(0, "seed of weights, batches, fading and noise", within=(0, 2**32 - 1))

    def __post_init__(self) -> None:
        check_positive(self, ("steps", "batch", "learning_rate"))

    def stage(self, step: int) -> Stage:
        """Return the stage of a step; there is but one."""
        return Stage("fading", self.steps, self.learning_rate)


@dataclass(frozen=True, kw_only=True)
class GeneratorRecipe:
    """All that the weights of the generator depend on, besides the clips.

    The share `plain` of the steps comes first and has neither expert nor discriminator. The
    reference waits for a validated sync loss; a share keeps a step's stage known beforehand.
    A batch is of windows of five frames; `held` is that of
    `semantic.wav2lip.batches.GeneratorBatches`. With `w_g` 0 there is no discriminator.

    Raises
    ------
    LinksimError
        If a number is out of range or the expert is missing.
    """

    preset: str = option("compact", "sizes of the networks", choices=("compact", "paper"))
    steps: int = option(6000, "training steps of both stages", within=(1, 10**9))
    plain: float = option(0.75, "share of the steps with w_s = w_g = 0", within=(0.0, 1.0))
    batch: int = option(4, "windows per step", within=(1, 10**6))
    held: float = option(0.8, "share of windows that animate one frame", within=(0.0, 1.0))
    learning_rate: float = option(1e-3, "peak learning rate", within=(1e-9, 1.0))
    w_s: float = option(0.03, "weight of E_sync in eq. (11)", within=(0.0, 1.0))
    w_g: float = option(0.01, "weight of L_gen in eq. (11)", within=(0.0, 1.0))
    adversarial: str = option("non-saturating", "form of L_gen", choices=ADVERSARIAL)
    expert: str | None = option(None, "weights of 'linksim train sync-expert'")
    expert_preset: str = option("compact", "sizes of the expert", choices=("compact", "paper"))
    start: str | None = option(None, "file of weights to start from")
    seed: int = option(0, "seed of weights and batches", within=(0, 2**32 - 1))

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

    def stage(self, step: int) -> GeneratorStage:
        """Return the stage of a step: ``plain`` with L_recon alone, then ``full``, eq. (11)."""
        plain = round(self.plain * self.steps) if self.w_s or self.w_g else self.steps
        if step < plain:
            return GeneratorStage("plain", plain, self.learning_rate)
        rest, rate = self.steps - plain, FULL_RATE * self.learning_rate
        return GeneratorStage("full", rest, rate, self.w_s, self.w_g)


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
