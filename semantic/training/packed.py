"""Train what a kit holds: ``python -m semantic.training.packed``, from its folder."""

import argparse
import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from linksim.errors import LinksimError
from semantic.training.kit import unpacked

REHEARSED = 10
"""Steps of a rehearsal."""

KEPT = ("best.npz", "final.npz", "log.csv", "state.npz")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit code, 2 for bad input."""
    parser = argparse.ArgumentParser(
        prog="python -m semantic.training.packed", description="Train what a kit holds."
    )
    parser.add_argument("--minutes", type=float, default=25.0, help="time to train (default 25)")
    parser.add_argument("--rehearse", action="store_true", help="ten steps, in another folder")
    parser.add_argument("--folder", type=Path, default=Path(), help="folder of the kit")
    args = parser.parse_args(argv)
    out = args.folder / ("rehearsal" if args.rehearse else "run")
    try:
        run = unpacked(args.folder, out).begin()
        run.minutes = args.minutes
        run.run(stop_at=REHEARSED if args.rehearse else None)
    except (LinksimError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    _hand_over(out)
    return 0


def _hand_over(out: Path) -> None:
    """Copy what a run leaves to the folder ``$OUT``, where there is one."""
    place = os.environ.get("OUT")
    for name in KEPT if place else ():
        if (out / name).exists():
            shutil.copy(out / name, Path(str(place)) / name)


if __name__ == "__main__":
    sys.exit(main())
