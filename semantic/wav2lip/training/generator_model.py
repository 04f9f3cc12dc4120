"""The generator as it is trained, with those who judge it."""

from typing import Any

import keras
from keras import ops

from semantic.wav2lip.networks.discriminator import Discriminator
from semantic.wav2lip.networks.expert import SyncExpert
from semantic.wav2lip.networks.generator import Generator
from semantic.wav2lip.networks.losses import (
    adversarial_loss,
    generator_loss,
    probabilities,
    reconstruction_loss,
    sync_loss,
)
from semantic.wav2lip.networks.sizes import SIDE, WINDOW
from semantic.wav2lip.networks.weighting import shown
from semantic.wav2lip.training.recipe import GeneratorRecipe


class GeneratorModel(keras.Model):
    """Eq. (11): what is generated against what was, the expert and the discriminator.

    ::

        batch ─▶ generator ─▶ faces ─┬─▶ L_recon
                                     ├─▶ expert, frozen ─▶ E_sync
                                     └─▶ critic, frozen ─▶ L_gen

    Parameters
    ----------
    recipe : GeneratorRecipe
        Its presets, weights of losses and form of L_gen.

    Raises
    ------
    LinksimError
        If there is no such preset.
    """

    def __init__(self, recipe: GeneratorRecipe, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.generator = Generator(preset=recipe.preset)
        # A copy, which follows the discriminator: no variable is in two models that are trained.
        self.critic = Discriminator(preset=recipe.preset) if recipe.w_g else None
        self.expert = SyncExpert(preset=recipe.expert_preset) if recipe.w_s else None
        for judge in (self.critic, self.expert):
            if judge is not None:
                judge.trainable = False
        self.form = recipe.adversarial
        self.w_s = self.w_g = 0.0
        self.shown = shown()
        self.built = True

    def enter(self, w_s: float, w_g: float) -> None:
        """Choose the weights of eq. (11); compile afterwards."""
        self.w_s, self.w_g = w_s, w_g

    def hear_as_the_expert(self) -> None:
        """Start the generator's audio encoder from the expert's, which knows what lips go by.

        From nothing it takes thousands of steps until the voice is listened to at all. Sizes of
        the paper preset differ by a block: there, what fits is what both begin with.
        """
        assert self.expert is not None
        pairs = zip(self.generator.voice.weights, self.expert.voice.weights, strict=False)
        for own, known in pairs:
            if own.shape != known.shape:
                break
            own.assign(ops.copy(known.value))  # JAX donates a buffer once alone

    def follow(self, discriminator: keras.Model) -> None:
        """Make the critic equal to the discriminator."""
        assert self.critic is not None
        for copy, variable in zip(self.critic.weights, discriminator.weights, strict=True):
            # JAX gives the memory of what is trained away at the next step.
            copy.assign(ops.copy(variable.value))

    def call(self, inputs: dict[str, Any], training: bool | None = None) -> Any:
        """Return generated faces; see `Generator.call`."""
        return self.generator(inputs, training=training)

    def sync_probabilities(self, faces: Any, mel: Any) -> Any:
        """Return the expert's P of windows, each of five rows of the inputs: float32 [windows].

        Input
        -----
        faces : float32, [5 windows, 96, 96, 3]
        mel : float32, [5 windows, 80, 16, 1]
        """
        assert self.expert is not None
        window = ops.reshape(faces, (-1, WINDOW, SIDE, SIDE, 3))
        v = self.expert.embed_faces(window, training=False)
        a = self.expert.embed_voice(mel[WINDOW // 2 :: WINDOW], training=False)
        return probabilities(v, a)

    def compute_loss(
        self,
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> Any:
        """Return eq. (11) with the weights of the stage; what has no weight is not computed."""
        sync = sync_loss(self.sync_probabilities(y_pred, x["mel"])) if self.w_s else 0.0
        adversarial = 0.0
        if self.w_g:
            assert self.critic is not None
            adversarial = adversarial_loss(self.critic(y_pred), self.form)
        recon = reconstruction_loss(x["target"], y_pred, self.shown)
        return generator_loss(recon, sync, adversarial, self.w_s, self.w_g)
