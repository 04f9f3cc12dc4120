"""How the video codec is trained: stages, sizes, losses."""

from dataclasses import dataclass

from linksim.errors import LinksimError
from linksim.options import check_positive

RATES = {"entropy": 1.0, "jscc": 0.1, "fine-tune": 0.1}
"""Of the recipe's learning rate, what each stage takes."""


@dataclass(frozen=True)
class Stage:
    """A stretch of training.

    Parameters
    ----------
    name : str
        One of `semantic.dvst.networks.model.STAGES`.
    first, steps : int
        The step it begins with, and how many it has.
    learning_rate : float
        Peak; it warms up and falls with a cosine.
    """

    name: str
    first: int
    steps: int
    learning_rate: float


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """All that the weights depend on, besides the video.

    Parameters
    ----------
    preset, lam, distortion, seed :
        Of `semantic.dvst.networks.model.DvstModel`; the seed is that of crops and conditions too.
    steps : int
        In all.
    joint : float
        Share of the steps that trains everything at once. A few hundred steps lose quality,
        for the transforms start from what is best for them alone.
    entropy : float
        Share of the steps that are not joint which entropy models take; fine-tuning takes the
        rest.
    density_steps : int
        Of `density_fit.fit_densities`, beyond `steps`.
    post_steps : int
        Of `post_fit.fit_post_filter`, likewise.
    batch, size, frames : int
        Crops of a step, pixels that they are high and wide, and frames in each.
    learning_rate : float
        See `RATES`.
    snr_db, eta, precision : tuple of float
        Least and greatest of what crops are sent with; eta and precision are spread evenly
        over their logarithm.
    start : str or None
        File of weights to start from; None starts anew.

    Raises
    ------
    LinksimError
        If a number is out of range.
    """

    preset: str = "compact"
    lam: float = 5e-2
    distortion: str = "psnr"
    steps: int = 1800
    joint: float = 0.0
    entropy: float = 0.7
    density_steps: int = 600
    post_steps: int = 10_000
    batch: int = 4
    size: int = 96
    frames: int = 3
    learning_rate: float = 1e-3
    snr_db: tuple[float, float] = (0.0, 20.0)
    eta: tuple[float, float] = (0.2, 1.5)
    precision: tuple[float, float] = (0.3, 2.0)
    start: str | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        check_positive(self, ("lam", "steps", "batch", "learning_rate"))
        if not 0.0 <= self.joint <= 0.9:
            raise LinksimError(f"joint must be between 0 and 0.9, not {self.joint}")
        if not 0.0 <= self.entropy <= 1.0:
            raise LinksimError(f"entropy must be between 0 and 1, not {self.entropy}")
        if self.size < 16 or self.size % 16:
            raise LinksimError(f"size must be a multiple of 16, not {self.size}")
        if self.frames < 2:
            raise LinksimError(f"frames must be at least 2, not {self.frames}")

    def stage(self, step: int) -> Stage:
        """Return the stage of a step.

        Transforms are found in closed form before the first step. The entropy models come next,
        then, if at all, everything through the fading channel, then, as in Algorithm 1, the JSCC
        codecs alone. Densities of side information and the post-filter are fitted last, see
        `density_fit` and `post_fit`.
        """
        joint = round(self.joint * self.steps)
        entropy = round(self.entropy * (self.steps - joint))
        lengths = {"entropy": entropy, "jscc": joint, "fine-tune": self.steps - joint - entropy}
        first = 0
        for name, steps in lengths.items():
            if step < first + steps:
                return Stage(name, first, steps, self.learning_rate * RATES[name])
            first += steps
        raise LinksimError(f"step {step} lies beyond the {self.steps} of the recipe")
