"""The losses of eq. (11), of the discriminator and of the lip-sync expert.

Eq. (11) is::

    (1 - w_s - w_g) L_recon + w_s E_sync + w_g L_gen

all three terms to be minimised. Two choices where the paper leaves one open:

- L_recon is the mean absolute difference of a channel of a pixel, not the sum over a frame, so
  that the weights mean the same at any size of the face. The mean is weighted, for only part of
  a generated face is shown.
- L_gen is printed as E[log(1 - D)], ``"minimax"``, which hardly has a gradient where the
  discriminator is sure that a face was generated. E[-log D], ``"non-saturating"``, pulls the
  same way, is what the reference (Prajwal et al., ACM MM 2020) trains with, and is the default.
"""

from typing import Any

from keras import ops

from semantic.wav2lip.training.recipe import check_form, check_weights

KAPPA = 1e-6
"""Least length of an embedding, as kappa of eq. (11)'s P is of a product of two."""

LEAST = 1e-6
"""Least probability that a logarithm is taken of."""


def reconstruction_loss(target: Any, generated: Any, weight: Any = 1.0) -> Any:
    """Return the mean absolute difference of two tensors of one shape: a scalar, float32.

    `weight`, broadcast to their shape, has a mean of 1.
    """
    return ops.mean(weight * ops.abs(target - generated))


def probabilities(faces: Any, voice: Any) -> Any:
    """Return P of eq. (11): the cosine of the angle between embeddings.

    Parameters
    ----------
    faces, voice : tensor
        float32, [..., channels], not negative; they broadcast.

    Returns
    -------
    tensor
        float32, [...], from 0 to 1.
    """
    return ops.sum(faces * voice, axis=-1) / (length(faces) * length(voice))


def length(embeddings: Any) -> Any:
    """Return the lengths, at least kappa, of float32 [..., channels]: float32 [...].

    The maximum stands below the root, whose slope at 0 is infinite.
    """
    return ops.sqrt(ops.maximum(ops.sum(ops.square(embeddings), axis=-1), KAPPA**2))


def sync_loss(p: Any) -> Any:
    """Return E_sync, the mean of -log P, of the P of windows in sync: a scalar, float32."""
    return -ops.mean(ops.log(ops.maximum(p, LEAST)))


def pairing_loss(p: Any) -> Any:
    """Return the binary cross-entropy of which windows belong together, each side half of it.

    Parameters
    ----------
    p : tensor
        float32, [clips, windows, windows], two windows or more: P of faces and voice of one
        clip, in sync on the diagonal.

    Returns
    -------
    tensor
        Scalar, float32.
    """
    windows = p.shape[-1]
    same = ops.eye(windows, dtype=p.dtype)
    apart = -ops.log(ops.maximum(1.0 - p, LEAST)) * (1.0 - same)
    together = -ops.log(ops.maximum(p, LEAST)) * same
    return ops.mean(ops.sum(together, (1, 2))) / (2 * windows) + ops.mean(
        ops.sum(apart, (1, 2))
    ) / (2 * windows * (windows - 1))


def discriminator_loss(real: Any, generated: Any) -> Any:
    """Return E[-log D(real)] + E[-log(1 - D(generated))] of logits, float32 [n]: a scalar."""
    return ops.mean(ops.softplus(-real)) + ops.mean(ops.softplus(generated))


def adversarial_loss(generated: Any, form: str = "non-saturating") -> Any:
    """Return L_gen.

    Parameters
    ----------
    generated : tensor
        float32, [n]: the discriminator's logits of generated faces.
    form : str
        ``"non-saturating"``, E[-log D], or ``"minimax"``, E[log(1 - D)], which is negative.

    Returns
    -------
    tensor
        Scalar, float32.

    Raises
    ------
    LinksimError
        If there is no such form.
    """
    check_form(form)
    if form == "minimax":
        return -ops.mean(ops.softplus(generated))
    return ops.mean(ops.softplus(-generated))


def generator_loss(recon: Any, sync: Any, adversarial: Any, w_s: float, w_g: float) -> Any:
    """Return eq. (11) of its three terms, scalars.

    Raises
    ------
    LinksimError
        If a weight is negative or they leave nothing for `recon`.
    """
    check_weights(w_s, w_g)
    return (1.0 - w_s - w_g) * recon + w_s * sync + w_g * adversarial
