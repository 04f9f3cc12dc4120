"""Train a learned endpoint: ``python -m semantic.train MODEL …``."""

import argparse
import importlib
import sys
from collections.abc import Callable, Sequence

from linksim.errors import LinksimError

MODELS = {
    "asc": "semantic.asc.command",
    "dvst": "semantic.dvst.command",
    "text": "semantic.text.command",
    "sync-expert": "semantic.wav2lip.expert_command",
    "generator": "semantic.wav2lip.generator_command",
    "wav2vid": "semantic.wav2vid_command",
}
"""Name to the module whose `add_arguments` and `prepare` train it; they load no Keras."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit code, 2 for bad input.

    ``linksim train`` is the same, and needs what the link needs: TensorFlow.
    """
    parser = argparse.ArgumentParser(prog="semantic.train", description="Train a learned endpoint.")
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
        command.add_arguments(models.add_parser(name, help=about, description=about))


def prepare(args: argparse.Namespace) -> Callable[[], None]:
    """Check the options of a model and read its data; return what trains it.

    Raises
    ------
    LinksimError
        If they are bad.
    """
    return importlib.import_module(MODELS[args.model]).prepare(args)


if __name__ == "__main__":
    sys.exit(main())
