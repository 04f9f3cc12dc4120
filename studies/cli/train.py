"""``linksim train``: train a learned endpoint."""

import importlib.util
import os
from argparse import ArgumentParser, Namespace

from linksim.errors import LinksimError
from studies.cli.command import Command


def add_flags(parser: ArgumentParser) -> None:
    """Add a sub-command for each model."""
    from semantic.training.command import add_models

    add_models(parser)


def run(args: Namespace) -> int:
    """Train, or go on training."""
    from semantic.training.command import prepare

    backend = os.environ.get("KERAS_BACKEND", "tensorflow")
    if importlib.util.find_spec(backend) is None:
        raise LinksimError(f"KERAS_BACKEND={backend} is not installed; use tensorflow")
    train_model = prepare(args)
    if backend == "tensorflow":
        from linksim.startup import import_tensorflow

        import_tensorflow()  # only now that the input is known to be good
    train_model()
    return 0


COMMAND = Command("train", "train a learned endpoint", add_flags, run)
