"""Both networks of the text codec: characters to latents, and received latents to characters."""

from typing import Any

import keras
from keras import layers, ops

from semantic.text.alphabet import NONE, TOKENS
from semantic.text.sizes import CHUNK, Sizes


class Positions(layers.Layer):
    """Adds a learned vector for each place in a chunk.

    Input, output
    -------------
    float32, [batch, CHUNK, width]
    """

    def build(self, shape: tuple[int | None, ...]) -> None:
        """Make the vectors."""
        self.places = self.add_weight(
            shape=shape[1:],
            initializer=keras.initializers.RandomNormal(stddev=0.02),
            name="places",
        )

    def call(self, x: Any) -> Any:
        """Return the output that the class describes."""
        return x + self.places


class TransformerLayer(layers.Layer):
    """Attention among the characters of a chunk, then two dense layers at each.

    ::

        x ─┬─ norm ─▶ attention ─ + ─┬─ norm ─ dense ─ GELU ─ dense ─ + ─▶ x
           └──────────────────────┘  └────────────────────────────────┘

    Vaswani et al., "Attention is all you need", NeurIPS 2017, with the norms first. Nothing
    attends to places without character.

    Parameters
    ----------
    width, heads, inner : int
        See `semantic.text.sizes.Sizes`.

    Input
    -----
    x : float32, [batch, CHUNK, width]
    present : bool, [batch, CHUNK]

    Output
    ------
    float32, [batch, CHUNK, width]
    """

    def __init__(self, *, width: int, heads: int, inner: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.width, self.heads, self.inner = width, heads, inner
        self.norm = layers.LayerNormalization(epsilon=1e-5)
        self.attention = layers.MultiHeadAttention(heads, width // heads, flash_attention=False)
        self.inner_norm = layers.LayerNormalization(epsilon=1e-5)
        self.grow = layers.Dense(inner, activation="gelu")
        self.shrink = layers.Dense(width)

    def build(self, x_shape: tuple[int | None, ...], present_shape: tuple[int | None, ...]) -> None:
        """Make the weights."""
        for layer in (self.norm, self.inner_norm, self.grow):
            layer.build(x_shape)
        self.attention.build(x_shape, x_shape)
        self.shrink.build((*x_shape[:-1], self.inner))

    def call(self, x: Any, present: Any) -> Any:
        """Return the output that the class describes."""
        y = self.norm(x)
        x = x + self.attention(y, y, attention_mask=present[:, None, :])
        return x + self.shrink(self.grow(self.inner_norm(x)))


def make_encoder(sizes: Sizes) -> keras.Model:
    """Return the network that turns characters into latents.

    ::

        tokens ─▶ embed ─▶ + positions ─▶ Transformer layers ─▶ dense ─ dense ─▶ latents

    Input
    -----
    int32, [batch, CHUNK]
        Tokens; `NONE` where there is no character.

    Output
    ------
    float32, [batch, CHUNK, latents]
        Latents of any power.
    """
    tokens = keras.Input((CHUNK,), dtype="int32")
    x = layers.Embedding(TOKENS, sizes.width, name="embedding")(tokens)
    x = Positions(name="positions")(x)
    x = _transform(x, ops.not_equal(tokens, NONE), sizes, sizes.encoder_layers)
    x = layers.Dense(sizes.dense, activation="gelu", name="dense")(x)
    return keras.Model(tokens, layers.Dense(sizes.latents, name="latents")(x), name="encoder")


def make_decoder(sizes: Sizes) -> keras.Model:
    """Return the network that reads what arrived, all characters at once.

    ::

        estimate, trust ─▶ dense ─ dense ─▶ + positions ─▶ Transformer layers ─▶ dense ─▶ logits

    Input
    -----
    estimate, trust : float32, [batch, CHUNK, latents]
        See `semantic.text.combining`.
    present : bool, [batch, CHUNK]
        Whether there is a character.

    Output
    ------
    float32, [batch, CHUNK, TOKENS]
    """
    shape = (CHUNK, sizes.latents)
    estimate, trust = keras.Input(shape), keras.Input(shape)
    present = keras.Input((CHUNK,), dtype="bool")
    # The estimate's own variance is the trust.
    whitened = estimate / ops.sqrt(trust + 1e-4)
    x = ops.concatenate([whitened, estimate, trust], axis=-1)
    x = layers.Dense(sizes.dense, activation="gelu", name="dense")(x)
    x = Positions(name="positions")(layers.Dense(sizes.width, name="widen")(x))
    x = _transform(x, present, sizes, sizes.decoder_layers)
    logits = layers.Dense(TOKENS, name="logits")(x)
    return keras.Model([estimate, trust, present], logits, name="decoder")


def _transform(x: Any, present: Any, sizes: Sizes, depth: int) -> Any:
    for i in range(depth):
        layer = TransformerLayer(
            width=sizes.width, heads=sizes.heads, inner=sizes.inner, name=f"layer{i}"
        )
        x = layer(x, present)
    return layers.LayerNormalization(epsilon=1e-5, name="norm")(x)
