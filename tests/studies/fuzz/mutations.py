"""Ways to damage text, JSON, bytes and whole files; each is a pure function of a generator."""

import json
import os
import random
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

ODD = (
    "", "null", "~", "true", "NaN", ".nan", "inf", "-inf", "1e999", "-1", "0", "-0.0", "9" * 399,
    "1" * 5000, "1e-320", "0x10", "[]", "{}", "[[]]", "{a: 1}", "!!bool abc", "!!timestamp x",
    "!!float ''", "!!python/name:os.system", "*x", "&x [*x]", "<<", "'", '"', "$\\frac{$", "$x$",
    "=1+1", "@x", "../../x", "/etc/passwd", "/dev/zero", "a.b", "os.system", "rayleigh:x=1",
    "cir:/dev/zero", "cir:x.npz", "tdl-a:speed=1e999", "\u202e", "\ud800", "\x00", "名前",
    "<script>", "|", "`", "%s", "{0}", "0:1e9:1", "0:10:1e-12", "x" * 100_000,
)  # fmt: skip
"""Words to put in the place of others."""
VALUES: tuple[Any, ...] = (
    None, True, -1, 0, 1.5, 10**12, 10**40, 1e308, "", "x", "nan", [], {}, [[]], [None], {"": None},
    [["generated", 10**11]], "../../x", "a.b", "$\\frac{$", "\u202e", [1, "x"], {"value": "1"},
)  # fmt: skip
"""Values to put in the place of others in JSON."""
NOISE = ("[" * 20_000, "{" * 9, "\t", "\r", "\x00", "\ufeff", ",", "é")
NUMBERS = (0, 1, 2**31 - 1, 2**31, 2**32 - 1, 2**63 - 1, 2**64 - 1)


def text(rng: random.Random, before: str) -> str:
    """Damage text in one to three places."""
    for _ in range(rng.randint(1, 3)):
        before = rng.choice(TEXT)(rng, before)
    return before


def _word(rng: random.Random, before: str) -> str:
    words = list(re.finditer(r"[^\s,:{}\[\]]+", before))
    if not words:
        return rng.choice(ODD)
    at = rng.choice(words)
    return before[: at.start()] + rng.choice(ODD) + before[at.end() :]


def _line(rng: random.Random, before: str) -> str:
    lines = before.splitlines(keepends=True)
    if not lines:
        return before
    at, other = rng.randrange(len(lines)), rng.randrange(len(lines))
    what = rng.randrange(4)
    if what == 0:
        del lines[at]
    elif what == 1:
        lines.insert(at, lines[other])
    elif what == 2:
        lines[at] = "  " + lines[at]
    else:
        lines[at] = lines[at].partition(":")[0] + ": " + rng.choice(ODD) + "\n"
    return "".join(lines)


def _cut(rng: random.Random, before: str) -> str:
    return before[: rng.randint(0, len(before))]


def _insert(rng: random.Random, before: str) -> str:
    at = rng.randint(0, len(before))
    return before[:at] + rng.choice(NOISE) + before[at:]


TEXT: tuple[Callable[[random.Random, str], str], ...] = (_word, _word, _word, _line, _cut, _insert)


def as_json(rng: random.Random, before: str) -> str:
    """Change, remove or add values in JSON."""
    document = json.loads(before)
    for _ in range(rng.randint(1, 2)):
        places = [place for place in _places(document) if place[0] is not None]
        if not places:
            break
        holder, key = rng.choice(places)
        what = rng.randrange(5)
        if what == 0:
            del holder[key]
        elif what == 1 and isinstance(holder, dict):
            holder[rng.choice(ODD[:9])] = rng.choice(VALUES)
        else:
            holder[key] = rng.choice(VALUES)
    return json.dumps(document)


def _places(node: Any) -> list[tuple[Any, Any]]:
    """Return every container and key of a document."""
    if isinstance(node, dict):
        own = [(node, key) for key in node]
    elif isinstance(node, list):
        own = [(node, index) for index in range(len(node))]
    else:
        return []
    return own + [place for holder, key in own for place in _places(holder[key])]


def data(rng: random.Random, before: bytes) -> bytes:
    """Damage bytes, mostly near the beginning, where headers are."""
    changed = bytearray(before)
    for _ in range(rng.randint(1, 6)):
        if not changed:
            break
        at = min(int(rng.expovariate(1 / 200)), len(changed) - 1)
        at = rng.choice((at, rng.randrange(len(changed)), max(0, len(changed) - 1 - at)))
        what, size = rng.randrange(6), rng.choice((1, 2, 4, 8))
        if what == 0:
            changed[at] ^= 1 << rng.randrange(8)
        elif what == 1:
            number = rng.choice(NUMBERS) % 2 ** (8 * size)
            changed[at : at + size] = number.to_bytes(size, rng.choice(("little", "big")))
        elif what == 2:
            del changed[at:]
        elif what == 3:
            del changed[at : at + rng.randint(1, 64)]
        elif what == 4:
            changed[at:at] = rng.randbytes(rng.randint(1, 64))
        else:
            changed[at : at + rng.randint(1, 512)] = bytes(rng.randint(1, 512))
    return bytes(changed)


def special(rng: random.Random, path: Path) -> None:
    """Put something else than a file in a file's place."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
    what = rng.randrange(6)
    if what == 0:
        os.mkfifo(path)
    elif what == 1:
        path.symlink_to(path.name)
    elif what == 2:
        path.mkdir()
    elif what == 3:
        path.touch()
    else:
        path.symlink_to(("/dev/zero", "/etc/passwd")[what - 4])


def file(rng: random.Random, path: Path) -> None:
    """Damage a file in a way that suits its kind."""
    if rng.random() < 0.08:
        special(rng, path)
    elif path.suffix == ".json" and rng.random() < 0.7:
        path.write_text(as_json(rng, path.read_text()))
    elif path.suffix in (".json", ".yaml", ".csv", ".mplstyle", ".txt"):
        path.write_bytes(text(rng, path.read_text()).encode(errors="surrogatepass"))
    else:
        path.write_bytes(data(rng, path.read_bytes()))
