"""Flags that every command that trains has."""

import argparse
from pathlib import Path


def add_run(parser: argparse.ArgumentParser, save_every: int = 250) -> None:
    """Declare the flags that every run has, see `semantic.training.run.TrainingRun`."""
    parser.add_argument("--out", type=Path, required=True, help="folder of the run")
    parser.add_argument(
        "--save-every",
        type=int,
        default=save_every,
        help=f"steps between checkpoints (default {save_every})",
    )
    parser.add_argument(
        "--pack", type=Path, metavar="FILE", help="write a kit to train with elsewhere, and end"
    )
    parser.add_argument("--wheels", type=Path, help="folder of wheels that go into the kit")
