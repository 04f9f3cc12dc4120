"""``linksim study``: run, resume, inspect, draw and report SNR studies."""

import shlex
import sys
from argparse import ArgumentParser, Namespace
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

from linksim.errors import LinksimError
from linksim.options import check_range
from studies.cli import arguments, study_tables
from studies.cli.command import Command
from studies.run.threads import limit_threads

if TYPE_CHECKING:
    from studies.run.workers import Engine


def add_flags(parser: ArgumentParser) -> None:
    """Add the sub-commands."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    _add_run(actions)
    about = "list the packaged studies"
    actions.add_parser("list", help=about, description=about).set_defaults(run=list_studies)
    study_tables.add_folder(actions, "status", show_status, "say what is done and what is missing")
    for name, command, about in (
        ("plot", plot, "draw the figures"),
        ("report", report, "write report.html"),
    ):
        drawing = study_tables.add_folder(actions, name, command, about)
        text = "draw outage bounds beside block error rates in Rayleigh fading"
        drawing.add_argument("--theory", action="store_true", help=text)
        _add_style(drawing)
    study_tables.add_tables(actions)


def _add_run(actions: Any) -> None:
    about = "run a study, or what of it is missing"
    run = actions.add_parser("run", help=about, description=about)
    run.add_argument("study", metavar="NAME|FILE", help="packaged study or YAML file")
    for flag, metavar, text in (
        ("--clip", "CLIP", "clip of speech to use instead of the study's"),
        ("--music", "CLIP", "clip of music to use instead of the study's"),
        ("--channel", "CHANNEL", "channel to use instead of the study's, name:option=value,…"),
    ):
        again = f"{text}; may be given again"
        run.add_argument(flag, action="append", default=[], metavar=metavar, help=again)
    run.add_argument(
        "--set", action="append", default=[], metavar="KEY=VALUE", dest="overrides",
        help="setting to change, e.g. trials=5 or schemes.0.options.crf=32",
    )  # fmt: skip
    arguments.add_longest(run)
    text = "output folder (default results/NAME)"
    run.add_argument("--out", type=arguments.path, help=text)
    run.add_argument("--workers", type=int, default=1, help="number of processes (default 1)")
    text = "threads of each process (default as many as there are cores)"
    run.add_argument("--threads", type=int, help=text)
    run.add_argument(
        "--engine", choices=("local", "ray"), default="local",
        help="what runs the points: processes of this machine, or actors on Ray (default local)",
    )  # fmt: skip
    text = "Ray cluster, host:port or auto (default one on this machine)"
    run.add_argument("--address", help=text)
    run.add_argument("--cpus", type=float, help="CPUs of each worker on Ray (default 1)")
    text = "GPUs of each worker on Ray, or a share of one (default 0)"
    run.add_argument("--gpus", type=float, help=text)
    _add_style(run)
    run.set_defaults(run=run_study)


def _add_style(parser: ArgumentParser) -> None:
    text = "style of the figures: ieee, or a style of Matplotlib or a style file to lay over it"
    parser.add_argument(
        "--style", default="ieee", metavar="NAME|FILE", help=f"{text} (default ieee)"
    )


def run_study(args: Namespace) -> int:
    """Run a study and write its report."""
    _check_engine(args)
    if args.threads:
        limit_threads(args.threads)  # before NumPy is loaded, which makes its threads at once

    from studies.figures.style import load_style
    from studies.report.page import write_report
    from studies.run.runner import run
    from studies.spec.load import load

    style = load_style(args.style)
    study = load(
        args.study,
        overrides=args.overrides,
        clips=args.clip,
        music=args.music,
        channels=args.channel,
    )
    folder = args.out or Path("results") / study.name

    def tell(label: str) -> None:
        print(f"{label} is done, see {write_report(folder, style=style)}", file=sys.stderr)

    try:
        with _engine(args) as engine:
            result = run(
                study,
                folder,
                workers=args.workers,
                engine=engine,
                on_curve=tell,
                longest=args.longest,
            )
    except KeyboardInterrupt:
        again = shlex.join(["linksim", *args.argv])
        print(
            f"linksim: interrupted; {_kept(folder)} kept in {folder}; resume with: {again}",
            file=sys.stderr,
        )
        return 130
    page = write_report(folder, style=style)
    print(f"{result.points} points: {result.kept} kept, {result.run} run, {result.failed} failed")
    if result.beside:
        print(f"{result.beside} points of earlier runs, at SNRs or trials that are not asked for "
              "now, stand at the end of results.csv, marked")  # fmt: skip
    for label, reason in result.left_out.items():
        print(f"{label} is left out: {reason}")
    print(f"{folder / 'results.csv'}\n{folder / 'summary.csv'}\n{page}")
    return 1 if result.failed else 0


def _check_engine(args: Namespace) -> None:
    for name, low, high in (("workers", 1, 4096), ("threads", 1, 4096), ("cpus", 0, 4096),
                            ("gpus", 0, 64)):  # fmt: skip
        if getattr(args, name) is not None:
            check_range(f"--{name}", getattr(args, name), low, high)
    for name in ("address", "cpus", "gpus"):
        if args.engine != "ray" and getattr(args, name) is not None:
            raise LinksimError(f"--{name} is read with --engine ray only; add that")


def _engine(args: Namespace) -> AbstractContextManager["Engine | None"]:
    if args.engine == "local":
        return nullcontext()
    from studies.run.ray_engine import ray_engine

    cpus, gpus = 1.0 if args.cpus is None else args.cpus, args.gpus or 0.0
    return ray_engine(address=args.address, workers=args.workers, cpus=cpus, gpus=gpus)


def list_studies(args: Namespace) -> int:
    """Print the packaged studies."""
    from studies.spec.load import load, study_names

    for name in study_names():
        print(f"{name:16} {load(name).title}")
    return 0


def show_status(args: Namespace) -> int:
    """Print how far a study is."""
    from studies.run.store import Store

    store = Store(args.folder)
    points = store.planned()
    records = [store.load(point) for point in points]
    missing = sum(record is None for record in records)
    failed = [r for r in records if r and r["status"].startswith("failed")]
    print(f"{len(points)} points: {len(points) - missing - len(failed)} done, "
          f"{missing} missing, {len(failed)} failed")  # fmt: skip
    for record in failed:
        print(f"{record['id']}: {record['status']}")
    return 0


def plot(args: Namespace) -> int:
    """Draw the figures."""
    from studies.figures.draw import draw_all
    from studies.figures.style import load_style

    for path in draw_all(args.folder, theory=args.theory, style=load_style(args.style)):
        print(path)
    return 0


def report(args: Namespace) -> int:
    """Write the report."""
    from studies.figures.style import load_style
    from studies.report.page import write_report

    style = load_style(args.style)
    print(write_report(args.folder, theory=args.theory, style=style))
    return 0


def _kept(folder: Path) -> str:
    from studies.run.store import Store

    store = Store(folder)
    try:
        points = store.planned()
    except LinksimError:  # stopped before the folder was a study's
        return "nothing to be"
    return f"{sum(map(store.finished, points))} of {len(points)} points are"


COMMAND = Command("study", "run, draw and report SNR studies", add_flags, run_study)
