"""Train a learned endpoint: ``python -m semantic.training.command MODEL …``."""

import argparse
import importlib
import sys
from collections.abc import Callable, Sequence

from linksim.errors import LinksimError
from linksim.options import check_range
from semantic.training.devices import check, data_parallel

MODELS = {
    "asc": "semantic.asc.command",
    "dvst": "semantic.dvst.training.command",
    "text": "semantic.text.command",
    "sync-expert": "semantic.wav2lip.training.expert_command",
    "generator": "semantic.wav2lip.training.generator_command",
    "wav2vid": "semantic.wav2vid.command",
}
"""Name to the module whose `add_arguments` and `prepare` train it; they load no Keras."""

THROUGH_LINK = ("wav2vid",)
"""Those with the link in their loop, which TensorFlow runs, and on one device."""


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
    for name, module in MODELS.items():
        command = importlib.import_module(module)
        about = command.__doc__.splitlines()[0]
        model = models.add_parser(name, help=about, description=about)
        command.add_arguments(model)
        if name not in THROUGH_LINK:
            model.add_argument(
                "--devices", type=int, default=1, help="accelerators that share a batch (JAX)"
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
    if devices > 1:
        check(devices, args.batch)
    train = importlib.import_module(MODELS[args.model]).prepare(args)

    def train_on_all() -> None:
        with data_parallel(devices).scope():
            train()

    return train if devices == 1 else train_on_all


if __name__ == "__main__":
    sys.exit(main())
