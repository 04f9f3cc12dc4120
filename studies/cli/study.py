"""``linksim study``: run, resume, inspect, draw and report SNR studies."""

import argparse
import shlex
import sys
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

from linksim.errors import LinksimError
from linksim.options import check_range
from studies.cli import arguments
from studies.cli.threads import limit_threads

if TYPE_CHECKING:
    from studies.run.workers import Engine


def add_parser(commands: Any) -> None:
    """Add the command and its sub-commands."""
    study = commands.add_parser("study", help="run, draw and report SNR studies")
    actions = study.add_subparsers(dest="action", required=True, metavar="ACTION")

    run = actions.add_parser("run", help="run a study, or what of it is missing")
    run.add_argument("study", metavar="NAME|FILE", help="a packaged study or a YAML file")
    run.add_argument(
        "--clip", action="append", default=[], help="use this clip, of speech, instead"
    )
    run.add_argument(
        "--music", action="append", default=[], metavar="CLIP", help="use this music instead"
    )
    run.add_argument(
        "--channel",
        action="append",
        default=[],
        help="use this channel instead, name:option=value,…",
    )
    run.add_argument(
        "--set", action="append", default=[], metavar="KEY=VALUE", dest="overrides",
        help="change a setting, e.g. trials=5 or schemes.0.options.crf=32",
    )  # fmt: skip
    run.add_argument("--out", type=arguments.path, help="output folder; default: results/NAME")
    run.add_argument("--workers", type=int, default=1, help="processes; default: 1")
    run.add_argument("--threads", type=int, help="of each process; default: as many as cores")
    run.add_argument(
        "--engine", choices=("local", "ray"), default="local",
        help="local (default): processes of this machine; ray: actors on a Ray cluster",
    )  # fmt: skip
    run.add_argument(
        "--address", help="ray: of a cluster, host:port or auto; default: one of this machine"
    )
    run.add_argument("--cpus", type=float, help="ray: CPUs that each worker asks for; default: 1")
    run.add_argument("--gpus", type=float, help="ray: GPUs, or a share of one; default: 0")
    _add_style(run)
    run.set_defaults(run=run_study)

    actions.add_parser("list", help="list the packaged studies").set_defaults(run=list_studies)
    for name, command, text in (
        ("status", show_status, "say what is done and what is missing"),
        ("plot", plot, "draw the figures"),
        ("report", report, "write report.html"),
    ):
        parser = actions.add_parser(name, help=text)
        parser.add_argument(
            "folder", type=arguments.path, metavar="DIR", help="a study's output folder"
        )
        parser.set_defaults(run=command)
        if name != "status":
            parser.add_argument(
                "--theory", action="store_true",
                help="draw the outage bound beside block error rates in Rayleigh fading",
            )  # fmt: skip
            _add_style(parser)

    parquet = actions.add_parser("parquet", help="write the tables as Parquet as well")
    parquet.add_argument(
        "folder", type=arguments.path, metavar="DIR", help="a study's output folder"
    )
    parquet.set_defaults(run=print_parquet)

    table = actions.add_parser("table", help="print a Markdown table: scheme by SNR")
    table.add_argument("folder", type=arguments.path, metavar="DIR", help="a study's output folder")
    table.add_argument("--metric", help="default: the study's first")
    table.add_argument("--channel", help="default: the study's first")
    table.add_argument("--kind", help="speech or music; default: the study's first")
    table.set_defaults(run=print_table)

    cost = actions.add_parser("cost", help="print a Markdown table: channel uses by stream")
    cost.add_argument("folder", type=arguments.path, metavar="DIR", help="a study's output folder")
    cost.add_argument("--against", metavar="SCHEME", help="to compare with; default: the first")
    cost.add_argument("--snr", type=float, help="only at this Es/N0 in dB; default: all")
    cost.add_argument(
        "--paper", action="store_true", help="as Table II of the Wav2Vid paper: bytes and symbols"
    )
    cost.set_defaults(run=print_cost)

    diff = actions.add_parser("diff", help="compare two result folders point by point")
    diff.add_argument("first", type=arguments.path, metavar="A", help="a study's output folder")
    diff.add_argument("second", type=arguments.path, metavar="B", help="another one")
    diff.set_defaults(run=print_diff)

    claims = actions.add_parser("claims", help="say which claims of the Wav2Vid paper hold")
    claims.add_argument(
        "folder", type=arguments.path, metavar="DIR", help="a study's output folder"
    )
    claims.add_argument(
        "--claims", type=arguments.path, metavar="FILE", help="other claims, in YAML"
    )
    claims.add_argument("--markdown", action="store_true", help="print a Markdown table")
    claims.set_defaults(run=print_claims)

    fair = actions.add_parser("fair", help="compare with the strongest digital baseline")
    fair.add_argument("folder", type=arguments.path, metavar="DIR", help="a study's output folder")
    fair.add_argument("--scheme", default="Wav2Vid", help="what to compare (Wav2Vid)")
    fair.set_defaults(run=print_fair)


def _add_style(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--style", default="ieee", metavar="NAME|FILE",
        help="ieee (default), or a style of Matplotlib or style file to lay over it",
    )  # fmt: skip


def run_study(args: argparse.Namespace) -> int:
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
    try:
        with _engine(args) as engine:
            result = run(study, folder, workers=args.workers, engine=engine)
    except KeyboardInterrupt:
        again = shlex.join(["linksim", *args.argv])
        print(
            f"linksim: interrupted; {_kept(folder)} kept in {folder}; resume with: {again}",
            file=sys.stderr,
        )
        return 130
    page = write_report(folder, style=style)
    print(f"{result.points} points: {result.kept} kept, {result.run} run, {result.failed} failed")
    for label, reason in result.left_out.items():
        print(f"{label} is left out: {reason}")
    print(f"{folder / 'results.csv'}\n{folder / 'summary.csv'}\n{page}")
    return 1 if result.failed else 0


def _check_engine(args: argparse.Namespace) -> None:
    for name, low, high in (("workers", 1, 4096), ("threads", 1, 4096), ("cpus", 0, 4096),
                            ("gpus", 0, 64)):  # fmt: skip
        if getattr(args, name) is not None:
            check_range(f"--{name}", getattr(args, name), low, high)
    for name in ("address", "cpus", "gpus"):
        if args.engine != "ray" and getattr(args, name) is not None:
            raise LinksimError(f"--{name} is read with --engine ray only; add that")


def _engine(args: argparse.Namespace) -> AbstractContextManager["Engine | None"]:
    if args.engine == "local":
        return nullcontext()
    from studies.run.ray_engine import ray_engine

    cpus, gpus = 1.0 if args.cpus is None else args.cpus, args.gpus or 0.0
    return ray_engine(address=args.address, workers=args.workers, cpus=cpus, gpus=gpus)


def list_studies(args: argparse.Namespace) -> int:
    """Print the packaged studies."""
    from studies.spec.load import load, study_names

    for name in study_names():
        print(f"{name:16} {load(name).title}")
    return 0


def show_status(args: argparse.Namespace) -> int:
    """Print how far a study is."""
    from studies.run.plan import plan
    from studies.run.store import Store

    store = Store(args.folder)
    points = plan(*store.study())
    records = [store.load(point) for point in points]
    missing = sum(record is None for record in records)
    failed = [r for r in records if r and r["status"].startswith("failed")]
    print(f"{len(points)} points: {len(points) - missing - len(failed)} done, "
          f"{missing} missing, {len(failed)} failed")  # fmt: skip
    for record in failed:
        print(f"{record['id']}: {record['status']}")
    return 0


def plot(args: argparse.Namespace) -> int:
    """Draw the figures."""
    from studies.figures.draw import draw_all
    from studies.figures.style import load_style

    for path in draw_all(args.folder, theory=args.theory, style=load_style(args.style)):
        print(path)
    return 0


def report(args: argparse.Namespace) -> int:
    """Write the report."""
    from studies.figures.style import load_style
    from studies.report.page import write_report

    style = load_style(args.style)
    print(write_report(args.folder, theory=args.theory, style=style))
    return 0


def print_parquet(args: argparse.Namespace) -> int:
    """Write the tables as Parquet."""
    from studies.tables.parquet import write_parquet

    for path in write_parquet(args.folder):
        print(path)
    return 0


def print_table(args: argparse.Namespace) -> int:
    """Print one metric over one channel."""
    from studies.tables.table import markdown

    print(markdown(args.folder, metric=args.metric, channel=args.channel, kind=args.kind))
    return 0


def print_cost(args: argparse.Namespace) -> int:
    """Print what the schemes of a study cost."""
    from studies.tables.cost import markdown, paper_table

    if args.paper and args.against:
        raise LinksimError("--paper compares with the first scheme; leave out --against")
    if args.paper:
        print(paper_table(args.folder, snr_db=args.snr))
    else:
        print(markdown(args.folder, against=args.against, snr_db=args.snr))
    return 0


def print_diff(args: argparse.Namespace) -> int:
    """Print what two folders differ in; 1 if by more than their intervals explain."""
    from rich.console import Console

    from studies.tables.diff import SAME, diff, lines, table

    difference = diff(args.first, args.second)
    for line in lines(difference):
        print(line)
    if any(pair.verdict != SAME for pair in difference.pairs):
        Console().print(table(difference.pairs))
    return 1 if difference.beyond else 0


def print_claims(args: argparse.Namespace) -> int:
    """Print the verdicts and write them beside the study's tables."""
    from rich.console import Console

    from linksim.startup import import_tensorflow
    from studies.claims.judge import judge_folder, markdown, table, write
    from studies.claims.load import CLAIMS

    import_tensorflow()
    judged = judge_folder(args.folder, args.claims or CLAIMS)
    paths = write(args.folder, judged)
    if args.markdown:
        print(markdown(judged))
        return 0
    Console().print(table(judged))
    for path in paths:
        print(path)
    return 0


def print_fair(args: argparse.Namespace) -> int:
    """Print where a scheme is ahead of the strongest digital one."""
    from rich.console import Console

    from studies.claims.fair import compare_folder, summary, table

    matches = compare_folder(args.folder, args.scheme)
    console = Console()
    for equal in (True, False):
        console.print(table(matches, args.scheme, equal=equal))
    for line in summary(matches):
        console.print(line, markup=False, highlight=False)
    return 0


def _kept(folder: Path) -> str:
    from studies.run.plan import plan
    from studies.run.store import Store

    store = Store(folder)
    try:
        points = plan(*store.study())
    except LinksimError:  # stopped before the folder was a study's
        return "nothing to be"
    return f"{sum(map(store.finished, points))} of {len(points)} points are"
