"""``linksim models``: how large every network is, what it takes to run, and what it is worth."""

import os
import re
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from typing import TYPE_CHECKING, Any

from linksim.errors import LinksimError
from linksim.options import check_range
from studies.cli import arguments
from studies.cli.command import Command

if TYPE_CHECKING:
    from rich.console import Console

    from studies.bench.networks.network import Network

ENDS = ("transmitter", "receiver", "training")


def add_flags(parser: ArgumentParser) -> None:
    """Add the arguments."""
    text = "sizes of the networks (default compact)"
    parser.add_argument("--preset", choices=("compact", "paper"), default="compact", help=text)
    parser.add_argument("--fps", type=float, default=25.0, help="frames per second (default 25)")
    text = "width and height of a frame in pixels (default 360x288)"
    parser.add_argument("--size", type=_size, default=(360, 288), metavar="WxH", help=text)
    parser.add_argument(
        "--ablate",
        nargs="+",
        metavar="PATH",
        help="folders of films of talkers and of voices, or files: print what the loss of each "
        "codec on them grows by with each network as it was before training",
    )
    arguments.add_json(parser)


def run(args: Namespace) -> int:
    """Count, print a table and, with ``--json``, write it."""
    check_range("--fps", args.fps, 1, 240)
    for what, pixels in zip(("width", "height"), args.size, strict=True):
        check_range(f"--size: the {what}", pixels, 16, 1920)
    backend = os.environ.get("KERAS_BACKEND", "tensorflow")
    if backend != "tensorflow":
        raise LinksimError(f"networks are counted on TensorFlow, not on KERAS_BACKEND={backend}")

    arguments.check_outputs(args)

    from rich.console import Console

    from linksim.startup import import_tensorflow

    console = Console()
    if args.ablate:
        import_tensorflow()
        return _ablate(args, console)
    with console.status("counting"):
        import_tensorflow()
        networks, notes = _count(args)
    console.print(_table(args, networks))
    for note in notes:
        console.print(note, markup=False, highlight=False)
    if args.json:
        _write_json(args, networks, notes)
    return 0


def _ablate(args: Namespace, console: "Console") -> int:
    """Print a line for each network as soon as it is measured and, with ``--json``, write all."""
    from dataclasses import asdict

    from studies.bench.networks.ablation import ablated_networks

    console.print("loss on what was given: trained, without the network, and what that costs")
    found = []
    for row in ablated_networks(args.ablate):
        found.append({**asdict(row), "cost": row.cost})
        losses = f"{row.trained:9.4g} {row.untrained:9.4g} {100 * row.cost:+7.1f} %"
        name = f"{row.codec}: {row.network}"
        console.print(f"{name:52} {losses}", markup=False, highlight=False)
    if args.json:
        arguments.write_json(args.json, {"paths": args.ablate, "networks": found})
    return 0


def _size(text: str) -> tuple[int, int]:
    """Return width and height."""
    match = re.fullmatch(r"(\d{1,9})x(\d{1,9})", text)
    if not match:
        raise ArgumentTypeError(f"'{text}' is not of the form WxH, as 360x288")
    return int(match[1]), int(match[2])


def _count(args: Namespace) -> "tuple[list[Network], list[str]]":
    """Return all networks, and what is to be known of their figures."""
    from studies.bench.networks.audio import audio_networks, live_networks
    from studies.bench.networks.face import face_networks
    from studies.bench.networks.lips import lip_networks
    from studies.bench.networks.text import text_networks
    from studies.bench.networks.video import load, video_networks

    size = args.size[::-1]
    model, shipped = load(args.preset)
    networks = [
        *audio_networks(args.preset),
        *(live_networks() if args.preset == "compact" else []),
        *video_networks(model, size, args.fps),
        *text_networks(args.preset),
        *lip_networks(args.preset, args.fps),
        *face_networks(args.fps),
    ]
    return networks, _notes(size, shipped=shipped)


def _notes(size: tuple[int, int], *, shipped: bool) -> list[str]:
    """Return what to know of the figures; `shipped` tells whether the video's weights are."""
    from semantic.dvst.networks.model import GROUP
    from studies.bench.networks.text import CHARACTERS
    from studies.bench.networks.video import padded_size

    height, width = padded_size(size)
    return [
        "GMAC: convolutions and matrix products; nothing element-wise, as matching and warping.",
        f"Video: padded to {width}x{height} and coded once; of {GROUP} frames one is an I-frame, "
        "the others are P-frames, and each part of each has side information.",
        *([] if shipped else ["Video: no weights are shipped for this preset."]),
        f"Text: {CHARACTERS:g} characters a second, in full chunks.",
        "Training: one pass forward over a second of faces.",
        "Gate: on every frame, with as many views of a face as there may be.",
    ]


def _table(args: Namespace, networks: "list[Network]") -> Any:
    from rich.table import Table

    width, height = args.size
    title = f"{args.preset}, {width}x{height}, {args.fps:g} frames/s, 16 kHz"
    table = Table("network", title=title, caption="GMAC in a second of a call, at either end")
    for column in ("params, M", *ENDS):
        table.add_column(column, justify="right")
    for codec in dict.fromkeys(network.codec for network in networks):
        parts = [network for network in networks if network.codec == codec]
        table.add_row(codec, *figures(parts), style="bold")
        for part in parts:
            table.add_row(f" {part.name}", *figures([part]))
    return table


def figures(networks: "list[Network]") -> list[str]:
    """Return the sums over some networks, as text: a dash for parameters that are not known."""
    counts = [n.parameters for n in networks if n.parameters is not None]
    texts = [f"{sum(counts) / 1e6:.3f}" if len(counts) == len(networks) else "-"]
    for end in ENDS:
        known = [macs for n in networks if (macs := getattr(n, end)) is not None]
        texts.append(f"{sum(known) / 1e9:.3f}" if known else "")
    return texts


def _write_json(args: Namespace, networks: "list[Network]", notes: list[str]) -> None:
    from dataclasses import asdict

    document = {
        "preset": args.preset,
        "fps": args.fps,
        "width": args.size[0],
        "height": args.size[1],
        "networks": [asdict(network) for network in networks],
        "notes": notes,
    }
    arguments.write_json(args.json, document)


COMMAND = Command(
    "models", "list the networks, how large they are and what they compute", add_flags, run
)
