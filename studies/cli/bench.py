"""``linksim bench``: how fast, beside what."""

import argparse
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from linksim.errors import LinksimError
from linksim.options import check_flags, check_range
from studies.cli import arguments
from studies.cli.threads import limit_threads


def add_parser(commands: Any) -> None:
    """Add the command."""
    parser = commands.add_parser("bench", help="measure speed, side by side in one run")
    parser.add_argument(
        "what",
        choices=tuple(BENCHES),
        help="link: the coded link against Sionna's sim_ber; stages: where its time goes; "
        "decoder: LDPC decoders; estimation: LMMSE filters; "
        "dvst: the video codec against x265; generator: lips, head pose and a whole call; "
        "call: every block of every system; study: 24 points of a link, by one worker and by more; "
        "memory: of a study, as it goes",
    )
    parser.add_argument(
        "--snr", type=float, nargs="+", metavar="DB",
        help="link, decoder: Es/N0 (where a tenth of the blocks is lost, and 5 dB above)",
    )  # fmt: skip
    parser.add_argument(
        "--batch", type=int, default=256, help="link, decoder: blocks of a batch (256)"
    )
    parser.add_argument(
        "--clip",
        help="dvst, generator, call: video (builtin:moving, builtin, builtin:talk); "
        "memory: what --scheme sends (builtin:speech1)",
    )
    parser.add_argument("--engine", choices=("local", "ray"), default="ray", help="study: (ray)")
    parser.add_argument("--workers", type=int, default=2, help="study: the second time (2)")
    parser.add_argument("--blocks", type=int, default=16_384, help="study: of each point (16384)")
    parser.add_argument("--points", type=int, default=1000, help="memory: of the study (1000)")
    parser.add_argument("--links", type=int, default=1, help="memory: different ones (1)")
    parser.add_argument("--scheme", default="link", help="memory: what crosses them (link)")
    parser.add_argument("--threads", type=int, default=1, help="study: of each worker (1)")
    parser.add_argument("--seconds", type=float, default=6.0, help="steady state of each (6)")
    parser.add_argument(
        "--json", type=arguments.path, metavar="FILE", help="write the figures here"
    )
    parser.add_argument(
        "--against", type=arguments.path, metavar="FILE",
        help="compare with the figures that --json wrote before",
    )  # fmt: skip
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Time what was asked for, print it as a table and, with ``--json``, write it."""
    check_flags(args, (("batch", 1, 65_536), ("seconds", 0.1, 3600)))
    for snr in args.snr or ():
        check_range("--snr", snr, -50, 100)
    check_flags(args, (("workers", 2, 4096), ("blocks", 1, 10**9), ("threads", 1, 4096)))
    check_flags(args, (("points", 51, 100_000), ("links", 1, 1000)))
    if args.what == "study":
        limit_threads(args.threads)  # before NumPy is loaded, which makes its threads at once

    from linksim.files import check_writable, write_text

    if args.json:
        check_writable(args.json)

    import json

    from rich.console import Console

    from linksim.startup import import_tensorflow

    console = Console()
    before = _read(args.against) if args.against else None
    clip = _clip(args.what, args.clip) if args.what in CLIPS else None
    if args.what not in ("study", "memory"):  # whose workers load it
        import_tensorflow()
    measure, table = BENCHES[args.what]
    with console.status("") as status:
        result = measure(args, clip, status.update)
    console.print(table(result))
    if before is not None:
        console.print(_comparison(before, result))
    if args.json:
        try:
            write_text(args.json, json.dumps(result, indent=1) + "\n")
        except OSError as error:
            raise LinksimError(f"{args.json}: {error.strerror or error}") from None
    return 0


def _read(path: Path) -> dict[str, Any]:
    import json

    try:
        figures = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "is not JSON"
        raise LinksimError(f"{path}: {reason}") from None
    if not isinstance(figures, dict):
        raise LinksimError(f"{path}: holds no figures of 'linksim bench'")
    return figures


def _comparison(before: Any, now: Any) -> Any:
    """Lay out every speed that both runs have, and their ratio."""
    from rich.table import Table

    table = Table("figure", "before", "now", "ratio", title="beside the run before")
    old = dict(_speeds(before))
    for name, value in _speeds(now):
        if old.get(name):
            table.add_row(name, f"{old[name]:.4g}", f"{value:.4g}", f"{value / old[name]:.2f}x")
    return table


def _speeds(figures: Any, name: str = "") -> Iterator[tuple[str, float]]:
    """Yield what is measured in bit/s, frames/s or times as fast, by its path."""
    if isinstance(figures, dict):
        for key, value in figures.items():
            yield from _speeds(value, f"{name} {key}".strip())
    elif isinstance(figures, float) and name.endswith(SPEEDS):
        yield name, figures


def _clip(what: str, source: str | None) -> Any:
    from linksim.media import require
    from linksim.media.sources import load_clip

    clip = load_clip(source or CLIPS[what])
    require(clip, f"'linksim bench {what}'", video=True, audio=what != "dvst")
    return clip


def _link(args: argparse.Namespace, clip: None, report: Callable[[str], object]) -> dict[str, Any]:
    """Time the coded chain: 16QAM, rate 1/2, flat Rayleigh, LS estimate, LMMSE equaliser."""
    from linksim.link.config import LinkConfig
    from studies.bench.link import bench_link

    snr = args.snr or TENTH_LOST_DB["link"]
    return bench_link(LinkConfig(), snr, batch=args.batch, seconds=args.seconds, report=report)


def _link_table(result: dict[str, Any]) -> Any:
    from studies.bench.link import table

    return table(result)


def _decoder(
    args: argparse.Namespace, clip: None, report: Callable[[str], object]
) -> dict[str, Any]:
    """Time the decoders of the link's own code: 16QAM, rate 1/2, over white Gaussian noise."""
    from linksim.link.config import LinkConfig
    from studies.bench.decoder import bench_decoder

    snr = args.snr or TENTH_LOST_DB["decoder"]
    return bench_decoder(LinkConfig(), snr, batch=args.batch, seconds=args.seconds, report=report)


def _decoder_table(result: dict[str, Any]) -> Any:
    from studies.bench.decoder import table

    return table(result)


def _stages(
    args: argparse.Namespace, clip: None, report: Callable[[str], object]
) -> dict[str, Any]:
    """Time the stages of the same chain."""
    from linksim.link.config import LinkConfig
    from studies.bench.stages import bench_stages

    snr = (args.snr or TENTH_LOST_DB["link"])[0]
    return bench_stages(LinkConfig(), snr, batch=args.batch, seconds=args.seconds, report=report)


def _stages_table(result: dict[str, Any]) -> Any:
    from studies.bench.stages import table

    return table(result)


def _estimation(
    args: argparse.Namespace, clip: None, report: Callable[[str], object]
) -> dict[str, Any]:
    from studies.bench.estimation import bench_estimation

    return bench_estimation(batch=args.batch, seconds=args.seconds, report=report)


def _estimation_table(result: dict[str, Any]) -> Any:
    from studies.bench.estimation import table

    return table(result)


def _dvst(args: argparse.Namespace, clip: Any, report: Callable[[str], object]) -> dict[str, Any]:
    from studies.bench.dvst import bench_dvst

    return bench_dvst(clip, seconds=args.seconds, report=report)


def _generator(
    args: argparse.Namespace, clip: Any, report: Callable[[str], object]
) -> dict[str, Any]:
    from studies.bench.generator import bench_generator

    return bench_generator(clip, seconds=args.seconds, report=report)


def _whole_call(
    args: argparse.Namespace, clip: Any, report: Callable[[str], object]
) -> dict[str, Any]:
    from studies.bench.call import bench_call

    return bench_call(clip, seconds=args.seconds, report=report)


def _study(args: argparse.Namespace, clip: None, report: Callable[[str], object]) -> dict[str, Any]:
    from studies.bench.study import bench_study

    return bench_study(engine=args.engine, workers=args.workers, blocks=args.blocks, report=report)


def _study_table(result: dict[str, Any]) -> Any:
    from rich.table import Table

    title = f"{result['points']} points of {result['blocks']} blocks, engine {result['engine']}"
    table = Table("workers", "time", "speed", title=title)
    for workers, seconds in result["seconds"].items():
        table.add_row(workers, f"{seconds:.1f} s", f"{result['seconds']['1'] / seconds:.2f}x")
    same = "the same" if result["identical"] else "NOT the same"
    table.caption = f"results.csv is {same}; {result['failed']} points failed"
    return table


def _memory(
    args: argparse.Namespace, clip: None, report: Callable[[str], object]
) -> dict[str, Any]:
    from studies.bench.memory import bench_memory

    return bench_memory(
        points=args.points,
        links=args.links,
        scheme=args.scheme,
        clip=args.clip or "builtin:speech1",
        report=report,
    )


def _memory_table(result: dict[str, Any]) -> Any:
    from rich.table import Table

    from studies.bench.memory import LEVEL

    level = result["rss_mib"][LEVEL - 1]
    title = f"{len(result['rss_mib'])} points of {result['scheme']}, {result['links']} links"
    table = Table("point", "resident", f"of that at {LEVEL}", title=f"{title}, one worker")
    shown = sorted({1, 2, 5, 10, 20, LEVEL, *range(100, len(result["rss_mib"]) + 1, 100)})
    for number in (n for n in shown if n <= len(result["rss_mib"])):
        rss = result["rss_mib"][number - 1]
        table.add_row(str(number), f"{rss:.0f} MiB", f"{rss / level:.3f}")
    low, high = result["range"]
    table.caption = f"from point {LEVEL} on between {low:.3f} and {high:.3f} of that"
    return table


def _video_table(result: dict[str, Any]) -> Any:
    from rich.table import Table

    title = f"video, {result['width']}x{result['height']}, frames per second"
    table = Table("codec", "encode", "decode", "both", "first clip", title=title)
    for name, timing in result.items():
        if isinstance(timing, dict):
            speeds = (f"{timing[kind]:.1f}" for kind in ("encode_fps", "decode_fps", "fps"))
            table.add_row(name, *speeds, f"{timing['first_s']:.1f} s")
    return table


def _call_table(result: dict[str, Any]) -> Any:
    from rich.table import Table

    table = Table("part of a call", "speed", title=f"{result['width']}x{result['height']}")
    table.add_row("generator, crop and blend", f"{result['generator']:.1f} frames/s")
    table.add_row("head pose", f"{result['head_pose']:.1f} frames/s")
    table.add_row(f"send of {result['clip_s']:g} s", f"{result['send_s']:.1f} s")
    return table


def _system_table(result: dict[str, Any]) -> Any:
    from statistics import fmean

    from rich.table import Table

    seconds = result["seconds"]
    title = f"a call of {seconds:g} s, {result['width']}x{result['height']}"
    columns = ("system", "block", "time", "per second of call", "waits for")
    table = Table(*columns, title=title)
    for system, blocks in result["systems"].items():
        for block, times in blocks.items():
            spent, wait = fmean(times), result["delays"][system][block]
            name = system if block == next(iter(blocks)) else ""
            waits = f"{wait:.3g} s" if wait else "–"
            table.add_row(name, block, f"{spent:.2f} s", f"{spent / seconds:.3f} s", waits)
        spent = sum(fmean(times) for block, times in blocks.items() if block != "link")
        longest = f"{max(result['delays'][system].values()):.3g} s"
        table.add_row(
            "",
            "all but the link, which is simulated",
            f"{spent:.2f} s",
            f"{spent / seconds:.3f} s",
            longest,
        )
        table.add_section()
    return table


BENCHES = {
    "link": (_link, _link_table),
    "stages": (_stages, _stages_table),
    "decoder": (_decoder, _decoder_table),
    "estimation": (_estimation, _estimation_table),
    "dvst": (_dvst, _video_table),
    "generator": (_generator, _call_table),
    "call": (_whole_call, _system_table),
    "study": (_study, _study_table),
    "memory": (_memory, _memory_table),
}
"""What measures, and what shows it."""

SPEEDS = ("_bps", "_slots_per_s", "fps", "generator", "head_pose")
"""Ends of the names of figures that are speeds."""

TENTH_LOST_DB = {"link": [18.2, 23.2], "decoder": [6.35, 7.05, 11.35]}
"""Es/N0 at which a tenth of the blocks is lost, and 5 dB above; to Sionna's min-sum at 7.05 dB."""

CLIPS = {"dvst": "builtin:moving", "generator": "builtin", "call": "builtin:talk"}
"""What is measured on, unless another is named."""
