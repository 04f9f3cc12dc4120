"""``linksim send``: one clip, one scheme, one transmission."""

import sys
from argparse import ArgumentParser, Namespace
from dataclasses import asdict
from typing import Any

from linksim.errors import LinksimError
from studies.cli import arguments
from studies.cli.command import Command

REPORT = "report.json"
SHEET = "sheet.png"
TIMELINE = "timeline.png"
METRICS = ("pesq", "stoi", "nrmse", "snr", "psnr", "ms_ssim", "mouth_psnr", "wer")


def add_flags(parser: ArgumentParser) -> None:
    """Add the arguments."""
    text = "media file or built-in clip, e.g. builtin or builtin:moving"
    parser.add_argument("clip", metavar="CLIP", help=text)
    text = "endpoint that codes the clip, by its name or dotted path"
    parser.add_argument("--scheme", required=True, help=text)
    text = "channel model, name:option=value,…"
    parser.add_argument("--channel", required=True, help=text)
    parser.add_argument("--snr", required=True, help="Es/N0 per resource element in dB")
    text = "folder to write the received clip and the report to"
    parser.add_argument("--out", required=True, type=arguments.path, metavar="DIR", help=text)
    text = "longest time in ms from capture to playout; what comes later is lost (none)"
    parser.add_argument("--delay-budget", type=float, metavar="MS", help=text)
    arguments.add_longest(parser)
    arguments.add_seed(parser, "channel and noise")
    for name, about in (("option", "the endpoint"), ("link", "the link")):
        text = f"option of {about}"
        parser.add_argument(f"--{name}", action="append", default=[], metavar="K=V", help=text)


def run(args: Namespace) -> int:
    """Send, and write the received clip and ``report.json``."""
    from linksim.endpoint import make_endpoint
    from linksim.files import check_folder, check_writable
    from linksim.link.config import LinkConfig
    from linksim.media.sources import load_clip
    from linksim.options import build
    from studies.spec.snr import parse_snr

    endpoint = make_endpoint(args.scheme, arguments.pairs("--option", args.option))
    link_options = arguments.pairs("--link", args.link)
    if "channel" in link_options:
        raise LinksimError("--link channel=…: the channel is given by --channel")
    own = {"channel": args.channel}
    if args.delay_budget is not None:
        own |= {"delay_budget": args.delay_budget}
    config = build(LinkConfig, {**link_options, **own}, "link")
    snr_db = parse_snr(args.snr)
    if len(snr_db) != 1:
        raise LinksimError(f"--snr '{args.snr}': one transmission has one SNR; sweep with a study")
    if not 0 <= args.seed < 2**63:
        raise LinksimError(f"--seed must be at least 0 and below {2**63}, not {args.seed}")
    endpoint = config.form_of(endpoint)
    check_folder(args.out)
    clip = load_clip(args.clip, args.longest)
    args.out.mkdir(parents=True, exist_ok=True)
    check_writable(args.out / REPORT)

    from linksim.startup import import_tensorflow

    import_tensorflow()  # only now that the input is known to be good
    from studies.run.evaluate import evaluate, link_for

    outcome = evaluate(clip, endpoint, link_for(config), snr_db[0], args.seed, METRICS)
    options = asdict(endpoint)  # type: ignore[call-overload]
    _write(args, snr_db[0], options, asdict(config), outcome)
    _draw(args, clip, outcome)
    return 0


def _draw(args: Namespace, clip: Any, outcome: Any) -> None:
    """Write the timeline of a call, and the contact sheet if frames were generated."""
    import cv2

    from studies.report.sheet import contact_sheet

    received = outcome.clip
    if outcome.sent.deliveries:
        from studies.figures.timeline import save_timeline

        save_timeline(outcome.sent.deliveries, args.out / TIMELINE)
        print(args.out / TIMELINE)
    if not received.origins:
        return
    sheet = contact_sheet(clip.frames, received.frames, received.origins)
    if sheet is not None:
        path = args.out / SHEET
        if not cv2.imwrite(str(path), cv2.cvtColor(sheet, cv2.COLOR_RGB2BGR)):
            raise LinksimError(f"{path}: cannot be written")
        print(path)


def _write(
    args: Namespace,
    snr_db: float,
    options: dict[str, Any],
    link: dict[str, Any],
    outcome: Any,
) -> None:
    import json

    from linksim.files import write_text
    from linksim.link.call.timing import by_time
    from linksim.media import write
    from linksim.media.sources import media_suffix
    from studies.run.origins import in_words, runs_of
    from studies.run.point import versions
    from studies.run.record import by_feedback, finite

    media = f"received{media_suffix(outcome.clip)}"
    report = {
        "clip": args.clip,
        "scheme": args.scheme,
        "options": options,
        "link": link,
        "snr_db": snr_db,
        "seed": args.seed,
        "received": media,
        "metrics": {name: finite(m.value) for name, m in outcome.metrics.items()},
        "undefined": {n: m.reason for n, m in outcome.metrics.items() if finite(m.value) is None},
        "accounting": asdict(outcome.sent.accounting),
        "per_stream": {name: asdict(a) for name, a in outcome.sent.per_stream.items()},
        "block_ok": {name: [bool(b) for b in ok] for name, ok in outcome.sent.block_ok.items()},
        "csi_snr_db": finite(outcome.sent.csi.snr_db),
        **by_feedback(outcome.sent),
        **by_time(outcome.sent),
        "origins": runs_of(outcome.clip.origins),
        "warnings": list(outcome.clip.warnings),
        "choices": list(outcome.clip.choices),
        "text": outcome.clip.text,
        "versions": versions(),
    }
    for name, value in report["metrics"].items():  # before a full disk can lose them
        text = report["undefined"][name] if value is None else f"{value:.4g}"
        print(f"{name:10} {text}")
    if report["text"] is not None:
        print(f"{'text':10} {report['text']}")
    if report["origins"]:
        print(f"{'frames':10} {in_words(report['origins'])}")
    for name, done in outcome.sent.adaptation.items():
        lost = f"{done.first_errors.rate:.3f} of first transmissions lost"
        print(f"{'mcs':10} {name}: {done.mcs:.1f} on average, {lost}")
    for name, delay in report.get("delay", {}).items():
        print(f"{'delay':10} {name}: {_in_words(delay)}")
    if "slots" in report:
        slots = report["slots"]
        print(
            f"{'slots':10} {slots['used']} used of {slots['granted']} in {slots['seconds']:.2f} s"
        )
    if "computing_s_per_s" in report:
        parts = (f"{name} {s:.2f} s" for name, s in report["computing_s_per_s"].items())
        print(f"{'computing':10} {', '.join(parts)} per second of media")
    for line in report["warnings"]:
        print(f"warning: {line}", file=sys.stderr)
    write_text(args.out / REPORT, json.dumps(report, indent=1, allow_nan=False) + "\n")
    write(outcome.clip, args.out / media)
    print(f"{args.out / media}\n{args.out / REPORT}")


def _in_words(delay: dict[str, Any]) -> str:
    times = "nothing arrived"
    if delay["p50_ms"] is not None:
        times = f"{delay['p50_ms']:.0f} ms, 95 % within {delay['p95_ms']:.0f} ms"
    return f"{times}; {delay['late']} late and {delay['lost']} lost of {delay['units']} units"


COMMAND = Command("send", "send one clip once and keep what arrives", add_flags, run)
