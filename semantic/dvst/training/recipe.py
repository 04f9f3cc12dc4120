"""Recipe of training the video codec: stages, sizes, losses."""

from dataclasses import dataclass

from linksim.errors import LinksimError
from linksim.options import check_positive, option
from semantic.training.stage import Stage

RATES = {"entropy": 1.0, "jscc": 0.1, "fine-tune": 0.1}
"""Learning rate of each stage, as a share of the recipe's."""


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """All that the weights of the video codec depend on, besides the video.

    Everything at once is trained in a share `joint` of the steps: a few hundred such steps lose
    quality, for the transforms start from what is best for them alone. A share `entropy` of the
    other steps trains the entropy models, the rest fine-tunes. The learning rate of each stage
    is a share of `learning_rate`, see `RATES`. Crops are sent with an SNR, an eta and a precision
    between both values of `snr_db`, `eta` and `precision`, the latter two drawn evenly over their
    logarithm.

    Raises
    ------
    LinksimError
        If a number is out of range.
    """

    preset: str = option("compact", "sizes of the networks", choices=("compact", "paper"))
    lam: float = option(
        5e-2, "weight lambda of the distortion, eq. (10)", within=(1e-9, 1e9), flag="lambda"
    )
    distortion: str = option("psnr", "distortion of frames", choices=("psnr", "ms-ssim"))
    steps: int = option(1800, "training steps of all stages", within=(1, 10**9))
    joint: float = option(0.0, "share of the steps that trains everything", within=(0.0, 0.9))
    entropy: float = 0.7
    density_steps: int = option(
        600, "steps of fitting densities of side information, beyond --steps", within=(0, 10**9)
    )
    post_steps: int = option(
        10_000, "steps of fitting the post-filter, beyond --steps", within=(0, 10**9)
    )
    batch: int = option(4, "crops per step", within=(1, 10**6))
    size: int = option(96, "height and width of a crop", "pixels", within=(16, 4096))
    frames: int = option(3, "frames of a crop", within=(2, 100))
    learning_rate: float = option(1e-3, "peak learning rate", within=(1e-9, 1.0))
    snr_db: tuple[float, float] = (0.0, 20.0)
    eta: tuple[float, float] = (0.2, 1.5)
    precision: tuple[float, float] = (0.3, 2.0)
    start: str | None = option(None, "file of weights to start from")
    seed: int = option(0, "seed of weights, crops and conditions", within=(0, 2**32 - 1))

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
                return Stage(name, steps, self.learning_rate * RATES[name])
            first += steps
        raise LinksimError(f"step {step} lies beyond the {self.steps} of the recipe")
