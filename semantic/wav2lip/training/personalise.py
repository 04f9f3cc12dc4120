"""Fit the generator to one speaker, by what a call has shown of them so far."""

import keras
from keras import layers

from semantic.wav2lip.batches import GeneratorBatches
from semantic.wav2lip.frames.talk import Talk
from semantic.wav2lip.networks.generator import Generator
from semantic.wav2lip.training.generator_model import GeneratorModel
from semantic.wav2lip.training.recipe import GeneratorRecipe

STEPS, BATCH = 160, 4
"""Training steps, for which two cores take about a minute, and windows per step."""

LEARNING_RATE = 3e-4


def personalised(generator: Generator, talk: Talk, steps: int = STEPS, seed: int = 0) -> Generator:
    """Return a copy of a compact generator, fine-tuned with L_recon alone.

    Batch normalisation and what hears the voice stay as they are: one face says little of all
    faces, and a second of speech of all speech.

    Parameters
    ----------
    generator : Generator
        Generator with its weights, which stay.
    talk : Talk
        Faces and voice of the speaker, of 11 frames or more.
    steps : int
        Training steps of `BATCH` windows of five frames.
    seed : int
        Seed of the batches.
    """
    model = GeneratorModel(GeneratorRecipe(w_s=0.0, w_g=0.0))
    model.generator.set_weights(generator.get_weights())
    for layer in model.generator._flatten_layers():
        if isinstance(layer, layers.BatchNormalization):
            layer.trainable = False
    model.generator.voice.trainable = False
    model.compile(optimizer=keras.optimizers.Adam(LEARNING_RATE), jit_compile=False)
    batches = GeneratorBatches([talk], batch=BATCH, seed=seed, held=1.0)
    for step in range(steps):
        model.train_on_batch(batches(step))
    return model.generator
