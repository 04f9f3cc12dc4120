"""The cases of the fuzz: a folder with damaged files, and the command that is given them."""

import random
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import mutations
import numpy as np
from fake_parts import fake_record

from linksim.arrays import read_arrays
from linksim.media import Clip, write
from linksim.options import files_of
from linksim.phy.channels.cir_file import write_cir
from studies.run.plan import Point
from studies.run.runner import run
from studies.spec.load import load
from studies.spec.scheme import Scheme

STUDY = """\
name: small
title: A small study
clips: [tone.wav]
channels: [awgn]
snr_db: 0:5:5
trials: 1
seed: 7
metrics: [nrmse]
sweep: {link.interleave_slots: [1, 4]}
schemes:
  - label: plain, 16QAM
    scheme: opus
    options: {bitrate: 16000}
    link: {modulation: 16qam, code_rate: 0.5}
figures:
  - {metric: bler}
"""
STYLE = "figure.figsize: 3, 2\nlines.linewidth: 1\nfont.size: 8\nsavefig.dpi: 80\n"
READERS = (
    "status",
    "status",
    "table",
    "table",
    "cost",
    "diff",
    "parquet",
    "fair",
    "plot",
    "report",
)
STOPPED = ["--json", "/proc/nowhere.json"]
"""What ends a command before it computes: a file that cannot be written."""
COMMANDS = {
    "ber": ("channel", "modulation", "code-rate", "snr", "estimator", "link", "seed", "max-blocks",
            "block-errors", "block-length", "interleave-slots", "relative-width", "confidence"),
    "adapt": ("channel", "snr", "mcs", "delay", "links", "slots", "harq", "loss", "bits", "table"),
    "harq": ("channel", "snr", "seed", "modulation", "code-rate"),
    "models": ("fps", "size", "preset"),
    "lips": ("generated", "seed", "video", "generator", "expert"),
    "bench link": ("snr", "batch", "seconds", "against"),
}  # fmt: skip

DRAWN = ("study", "results", "resumed")
"""Kinds of cases that change what a report shows, which takes a second to draw."""


@dataclass(frozen=True)
class Case:
    """A command, and what it was given; what it may write to is ``out`` alone."""

    kind: str
    argv: list[str]


def prepare(base: Path) -> None:
    """Write what cases start from: a study that has run, clips, channels, weights, a style."""
    base.mkdir(parents=True)
    tone = np.sin(np.arange(6000, dtype=np.float32) / 3) / 2
    write(Clip(audio=tone), base / "tone.wav")
    pictures = np.random.default_rng(1).integers(0, 255, (6, 48, 64, 3), np.uint8)
    write(Clip(pictures, Fraction(25), tone[:3840], 16_000), base / "clip.mp4")
    (base / "words.txt").write_text("a few words\n")
    (base / "small.yaml").write_text(STUDY)
    (base / "own.mplstyle").write_text(STYLE)
    taps = np.random.default_rng(2).normal(size=(3, 1, 1, 2, 14)).astype(complex)
    for suffix in ("npz", "h5"):
        write_cir(base / f"taps.{suffix}", taps, np.array([[0, 1e-6]] * 3), 14e3)
    arrays = {f"layer/{n}/kernel": np.ones((n, 3), np.float16) for n in range(4)}
    np.savez_compressed(base / "weights.npz", **arrays)
    run(load(base / "small.yaml"), base / "results", work=fake_record)


def make(rng: random.Random, base: Path, folder: Path) -> Case:
    """Make the folder of a case, and damage what it is about."""
    shutil.copytree(base, folder / "in", symlinks=True)
    (folder / "out").mkdir()
    kind = rng.choice(tuple(KINDS))
    return Case(kind, KINDS[kind](rng, folder / "in", str(folder / "out" / "x")))


def _study(rng: random.Random, given: Path, out: str) -> list[str]:
    mutations.file(rng, given / "small.yaml")
    return ["study", "run", str(given / "small.yaml"), "--out", out]


def _settings(rng: random.Random, given: Path, out: str) -> list[str]:
    keys = ("trials", "snr_db", "seed", "channels", "metrics", "title", "schemes.0.label",
            "schemes.0.options", "schemes.0.link", "figures.0.metric", "sweep", "bounds", "x.y",
            "figures.0.against", "sweep.link.harq", "clips", "schemes.9.label", "")  # fmt: skip
    words = [f"{rng.choice(keys)}={rng.choice(mutations.ODD)}" for _ in range(rng.randint(1, 2))]
    flags = [text for word in words for text in ("--set", word)]
    return ["study", "run", str(given / "small.yaml"), "--out", out, *flags]


def _results(rng: random.Random, given: Path, out: str) -> list[str]:
    results = given.with_name("out") / "x"
    shutil.copytree(given / "results", results, symlinks=True)
    kept = [p for p in sorted(results.rglob("*")) if p.is_file()]
    names = [results / "study.json", results / "summary.csv", results / "results.csv"]
    for path in dict.fromkeys(rng.sample([*kept, *names, *names], rng.randint(1, 2))):
        if path.is_file():
            mutations.file(rng, path)
    action = rng.choice(READERS)
    return ["study", action, out, *([str(given / "results")] if action == "diff" else [])]


def _resumed(rng: random.Random, given: Path, out: str) -> list[str]:
    _results(rng, given, out)
    return ["study", "run", str(given / "small.yaml"), "--out", out]


def _channel(rng: random.Random, given: Path, out: str) -> list[str]:
    path = given / rng.choice(("taps.npz", "taps.h5"))
    mutations.file(rng, path)
    return ["study", "run", str(given / "small.yaml"), "--out", out, "--channel", f"cir:{path}"]


def _clip(rng: random.Random, given: Path, out: str) -> list[str]:
    path = given / rng.choice(("tone.wav", "tone.wav", "clip.mp4", "words.txt"))
    mutations.file(rng, path)
    flag = rng.choice(("--clip", "--music"))
    return ["study", "run", str(given / "small.yaml"), "--out", out, flag, str(path)]


def _weights(rng: random.Random, given: Path, out: str) -> list[str]:
    path = given / "weights.npz"
    mutations.file(rng, path)
    changes = ["schemes.0.scheme=asc", f"schemes.0.options={{weights: '{path}'}}"]
    flags = [text for change in changes for text in ("--set", change)]
    return ["study", "run", str(given / "small.yaml"), "--out", out, *flags]


def reads_weights(point: Point, folder: Path) -> dict[str, Any]:
    """Read the files that a point's endpoint names, and compute nothing."""
    if isinstance(point.scheme, Scheme):
        for path in files_of(point.scheme.endpoint()).values():
            read_arrays(path)
    return fake_record(point, folder)


def _style(rng: random.Random, given: Path, out: str) -> list[str]:
    mutations.file(rng, given / "own.mplstyle")
    shutil.copytree(given / "results", out)
    return ["study", "plot", out, "--style", str(given / "own.mplstyle")]


def _arguments(rng: random.Random, given: Path, out: str) -> list[str]:
    command = rng.choice(tuple(COMMANDS))
    flags = rng.sample(COMMANDS[command], rng.randint(1, 3))
    odd = [text for flag in flags for text in (f"--{flag}", rng.choice(mutations.ODD))]
    return [*command.split(), *odd, *STOPPED]


def _send(rng: random.Random, given: Path, out: str) -> list[str]:
    words = {"--scheme": "opus", "--channel": "awgn", "--snr": "10", "--link": "harq=1",
             "--option": "bitrate=16000", "--seed": "1"}  # fmt: skip
    for flag in rng.sample(tuple(words), rng.randint(1, 2)):
        words[flag] = rng.choice(mutations.ODD)
    pairs = [text for pair in words.items() for text in pair]
    return ["send", str(given / "absent.wav"), *pairs, "--out", out]


KINDS: dict[str, Callable[[random.Random, Path, str], list[str]]] = {
    "study": _study,
    "settings": _settings,
    "results": _results,
    "resumed": _resumed,
    "channel": _channel,
    "clip": _clip,
    "weights": _weights,
    "style": _style,
    "arguments": _arguments,
    "send": _send,
}
