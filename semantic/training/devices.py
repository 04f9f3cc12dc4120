"""Training on several accelerators of one machine: each takes an equal part of every batch."""

import os
from typing import Any

from linksim.errors import LinksimError


def check(devices: int, batch: int) -> None:
    """Find out whether so many devices can share a batch; Keras is not loaded.

    Parameters
    ----------
    devices : int
        2 or more.
    batch : int
        Rows of a step.

    Raises
    ------
    LinksimError
        If Keras is not to run on JAX, the batch does not divide, or there are fewer devices.
    """
    backend = os.environ.get("KERAS_BACKEND", "tensorflow")
    if backend != "jax":
        raise LinksimError(f"--devices {devices} needs KERAS_BACKEND=jax, not {backend}")
    if batch % devices:
        raise LinksimError(
            f"--batch {batch} does not divide among --devices {devices}; "
            f"use --batch {-(-batch // devices) * devices}"
        )
    import jax

    there = jax.devices()
    if devices > len(there):
        raise LinksimError(
            f"--devices {devices} is more than there are; "
            f"JAX sees {len(there)} of kind {there[0].platform}"
        )


def data_parallel(devices: int) -> Any:
    """Return the distribution of training over the first devices, where Keras runs on JAX.

    Every device holds all variables and works on its rows; what goes over all rows (the loss, the
    statistics of a normalisation, the norm that a gradient is clipped by) is summed over the
    devices, and random numbers are those of the whole batch. So the step is that of one device
    but for the order of sums. Models must be made and trained within its ``scope()``.

    Parameters
    ----------
    devices : int
        Number of devices, which `check` has found.

    Returns
    -------
    keras.distribution.DataParallel
        Rows that do not divide, as some of validation's, go to all devices alike.
    """
    import keras

    class Rows(keras.distribution.DataParallel):
        def get_data_layout(self, data_shape: tuple[int, ...]) -> Any:
            layout = super().get_data_layout(data_shape)
            if data_shape[0] % devices == 0:
                return layout
            return keras.distribution.TensorLayout([None] * len(data_shape), layout.device_mesh)

    return Rows(devices=keras.distribution.list_devices()[:devices])
