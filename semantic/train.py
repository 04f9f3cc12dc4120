"""Train a learned endpoint: ``python -m semantic.train MODEL …``."""

import argparse
import importlib
import sys
from collections.abc import Sequence

from linksim.errors import LinksimError

MODELS = {"asc": "semantic.asc.command"}
"""Name to the module whose `add_arguments` and `run` train it."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit code, 2 for bad input."""
    parser = argparse.ArgumentParser(prog="semantic.train", description="Train a learned endpoint.")
    models = parser.add_subparsers(dest="model", required=True)
    for name, module in MODELS.items():
        command = importlib.import_module(module)
        command.add_arguments(models.add_parser(name, help=command.__doc__.splitlines()[0]))
    args = parser.parse_args(argv)
    try:
        importlib.import_module(MODELS[args.model]).run(args)
    except LinksimError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
