"""``linksim bench``: how fast, beside what."""

import argparse
from collections.abc import Callable
from typing import Any

from linksim.errors import LinksimError
from linksim.options import check_flags
from studies import arguments


def add_parser(commands: Any) -> None:
    """Add the command."""
    parser = commands.add_parser("bench", help="measure speed, side by side in one run")
    parser.add_argument(
        "what",
        choices=("link", "dvst", "generator", "call"),
        help="link: the coded link against Sionna's sim_ber; dvst: the video codec against x265; "
        "generator: lips, head pose and a whole call; call: every block of every system",
    )
    parser.add_argument("--snr", type=float, default=20.0, help="link: Es/N0 in dB (20)")
    parser.add_argument("--batch", type=int, default=256, help="link: blocks of a batch (256)")
    parser.add_argument(
        "--clip", help="dvst, generator, call: video (builtin:moving, builtin, builtin:talk)"
    )
    parser.add_argument("--seconds", type=float, default=6.0, help="steady state of each (6)")
    parser.add_argument(
        "--json", type=arguments.path, metavar="FILE", help="write the figures here"
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Time what was asked for, print it as a table and, with ``--json``, write it."""
    check_flags(args, (("batch", 1, 65_536), ("seconds", 0.1, 3600), ("snr", -50, 100)))

    from studies.atomic import check_writable, write_text

    if args.json:
        check_writable(args.json)

    import json

    from rich.console import Console

    from studies.quiet import import_tensorflow

    console = Console()
    clip = None if args.what == "link" else _clip(args.what, args.clip)
    import_tensorflow()
    measure, table = BENCHES[args.what]
    with console.status("") as status:
        result = measure(args, clip, status.update)
    console.print(table(result))
    if args.json:
        try:
            write_text(args.json, json.dumps(result, indent=1) + "\n")
        except OSError as error:
            raise LinksimError(f"{args.json}: {error.strerror or error}") from None
    return 0


def _clip(what: str, source: str | None) -> Any:
    from linksim.media import require
    from studies.clips import load_clip

    clip = load_clip(source or CLIPS[what])
    require(clip, f"'linksim bench {what}'", video=True, audio=what != "dvst")
    return clip


def _link(args: argparse.Namespace, clip: None, report: Callable[[str], object]) -> dict[str, Any]:
    """Time the coded chain: 16QAM, rate 1/2, flat Rayleigh, LS estimate, LMMSE equaliser."""
    from linksim.link_config import LinkConfig
    from studies.bench_link import bench_link

    config = LinkConfig(channel="rayleigh", modulation="16qam", code_rate=0.5)
    return bench_link(config, args.snr, batch=args.batch, seconds=args.seconds, report=report)


def _dvst(args: argparse.Namespace, clip: Any, report: Callable[[str], object]) -> dict[str, Any]:
    from studies.bench_dvst import bench_dvst

    return bench_dvst(clip, seconds=args.seconds, report=report)


def _generator(
    args: argparse.Namespace, clip: Any, report: Callable[[str], object]
) -> dict[str, Any]:
    from studies.bench_generator import bench_generator

    return bench_generator(clip, seconds=args.seconds, report=report)


def _whole_call(
    args: argparse.Namespace, clip: Any, report: Callable[[str], object]
) -> dict[str, Any]:
    from studies.bench_call import bench_call

    return bench_call(clip, seconds=args.seconds, report=report)


def _table(result: dict[str, Any]) -> Any:
    from rich.table import Table

    columns = ("chain", "Mb/s", "linksim is", "BLER", "95 % interval", "first batch")
    table = Table(*columns, title=f"coded link, {result['snr_db']:g} dB, information bits")
    rows = (
        ("linksim", "throughput_bps", None),
        ("graph", "throughput_graph_bps", "speedup_graph"),
        ("xla", "throughput_xla_bps", "speedup_xla"),
    )
    for name, throughput, speedup in rows:
        low, high = result["bler_interval"][name]
        table.add_row(
            name if name == "linksim" else f"sim_ber, {name}",
            f"{result[throughput] / 1e6:.2f}",
            f"{result[speedup]:.1f}x" if speedup else "",
            f"{result['bler'][name]:.4f}",
            f"{low:.4f}-{high:.4f}",
            f"{result['timings'][name]['warm_up_s']:.1f} s",
        )
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
    "link": (_link, _table),
    "dvst": (_dvst, _video_table),
    "generator": (_generator, _call_table),
    "call": (_whole_call, _system_table),
}
"""What measures, and what shows it."""

CLIPS = {"dvst": "builtin:moving", "generator": "builtin", "call": "builtin:talk"}
"""What is measured on, unless another is named."""
