"""Train a learned endpoint: ``python -m semantic.training.command MODEL …``."""

import argparse
import sys
from collections.abc import Callable, Sequence
from functools import partial

from linksim.errors import LinksimError
from linksim.options import check_range
from semantic.training.devices import check, data_parallel
from semantic.training.kit import pack
from semantic.training.registry import trainings
from semantic.training.task import Task


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit code, 2 for bad input.

    ``linksim train`` is the same, and needs what the link needs: TensorFlow.
    """
    parser = argparse.ArgumentParser(
        prog="python -m semantic.training.command", description="Train a learned endpoint."
    )
    add_models(parser)
    try:
        prepare(parser.parse_args(argv))()
    except (LinksimError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


def add_models(parser: argparse.ArgumentParser) -> None:
    """Add a sub-command for each model."""
    models = parser.add_subparsers(dest="model", required=True, metavar="MODEL")
    for name, training in trainings().items():
        model = models.add_parser(name, help=training.about, description=training.about)
        training.add_arguments(model)
        if not training.through_link:
            model.add_argument(
                "--devices",
                type=int,
                default=1,
                help="accelerators that share a batch, on JAX (default 1)",
            )


def prepare(args: argparse.Namespace) -> Callable[[], None]:
    """Check the options of a model and read its data; return what trains it.

    Raises
    ------
    LinksimError
        If they are bad.
    """
    devices = getattr(args, "devices", 1)
    check_range("--devices", devices, 1, 10**6)
    check_range("--save-every", args.save_every, 1, 10**9)
    if devices > 1:
        check(devices, args.batch)
    train = trainings()[args.model].prepare(args)
    if args.pack:
        if not isinstance(train, Task):
            raise LinksimError(f"--pack: '{args.model}' trains through the link, which stays here")
        return partial(pack, train, args.pack, args.wheels)

    def train_on_all() -> None:
        with data_parallel(devices).scope():
            train()

    return train if devices == 1 else train_on_all


if __name__ == "__main__":
    sys.exit(main())
