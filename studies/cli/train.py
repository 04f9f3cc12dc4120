"""``linksim train``: train a learned endpoint."""

import argparse
import importlib.util
import os
from typing import Any

from linksim.errors import LinksimError
from semantic.training import command as train


def add_parser(commands: Any) -> None:
    """Add the command and a sub-command for each model."""
    parser = commands.add_parser("train", help="train a learned endpoint")
    train.add_models(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Train, or go on training."""
    backend = os.environ.get("KERAS_BACKEND", "tensorflow")
    if importlib.util.find_spec(backend) is None:
        raise LinksimError(f"KERAS_BACKEND={backend} is not installed; use tensorflow")
    train_model = train.prepare(args)
    if backend == "tensorflow":
        from linksim.startup import import_tensorflow

        import_tensorflow()  # only now that the input is known to be good
    train_model()
    return 0
