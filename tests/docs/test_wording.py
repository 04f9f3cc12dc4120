"""Names, docstrings, help texts and pages use the field's words, and say what a thing is."""

import argparse
import ast
import dataclasses
import re
from collections.abc import Iterator
from importlib.metadata import entry_points
from itertools import pairwise
from pathlib import Path

import pytest

from linksim.link.config import LinkConfig
from linksim.phy.channels import CHANNELS
from studies.cli.main import command_parser

ROOT = Path(__file__).parents[2]
CODE = ("linksim", "semantic", "baselines", "studies")

PRIVATE = {
    r"\bpipes?\b": "bit link, symbol link",
    r"\b(an?|the|one|each|every|of|per|by|many|few|same|its|all|no|more) fades?\b"
    r"|\bfades\b|_fades?\b|\bfades?_|\.fades?\(|\bdef fades?\(": "channel realisation, fading",
    r"\bdef carry\b|\bimport\b.*\bcarry\b|\bcarry\(|\.carry\b": "send, transmit",
    r"(?i:sounding|sounded)|\.sound\(|def sound\(self": "measurement of the channel",
    r"(?i)\bmend(s|ed|ing)?\b": "remedy, correction, hint",
    r"(?i)sway": "motion field",
    r"(?i)\bspreading\b|\bimport spread\b|\bdef spread\(n|(?<![\w.])spread\((?!results|made)"
    r"|\b(symbols|latents|bits) (are )?spread\b|─ spread": "repetition, interleaver",
    r"\bAhead\b|\bread(ing|s)? ahead\b": "prefetch",
}
"""Words of our own, and those of the field that stand in their place."""

ALLOWED = {
    r'recorded_as="sway"': "name in records from before",
    r"closed pipe|worker's pipe|os\.pipe\(|pair of pipes|-debugging-pipe": "between processes",
    r"\bfad(e|es|ing) (in|out)\b|repeat and fade": "of loudness",
    r"\bblocks? fades\b|\bchannel fades\b|' fades every": "a verb",
    r"(?i)\bsways?(?= (slowly|a little|by a few|as the speaker))|a little sway\b|head_sways"
    r"|swaying[ _](head|talk)|head_that_sways": "how a head moves, in no codec",
    r"derive_seed\([^)]*\"sounding": "part of what a seed stands for, so of every result",
    r"Wav2Vid with sway|fair_sway": "label in results that are kept as they were printed",
    r"delay[_ ]spread": "of a channel",
}
"""Places where such a word stands for something else, and why."""

OLD_WORDS = ("CHANGELOG.md", "tests/docs/test_wording.py")
"""Files that name the former words."""

NO_SUBJECT = re.compile(
    r"(of|in|on|at|by|for|from|with|without|to|into|as|above|below|over|under|after|before|between|"
    r"beyond|than|like|per|which|whose|who|that|see|likewise|and|or)\b",
    re.IGNORECASE,
)


def _texts() -> Iterator[tuple[str, str]]:
    """Yield each file that is read by people, by its name, and its text."""
    tops = (ROOT / top for top in (*CODE, "tests", "docs"))
    files = (p for top in tops for p in top.rglob("*") if p.suffix in SUFFIXES)
    for path in (*ROOT.glob("*.md"), *files):
        name = path.relative_to(ROOT).as_posix()
        if name not in OLD_WORDS and not name.startswith("docs/results/"):
            yield name, path.read_text(encoding="utf-8")


SUFFIXES = (".py", ".md", ".yaml", ".ipynb")


@pytest.mark.parametrize("pattern", PRIVATE, ids=lambda p: PRIVATE[p])
def test_words_are_those_of_the_field(pattern: str) -> None:
    found = []
    for name, text in _texts():
        for number, line in enumerate(text.splitlines(), 1):
            bare = line
            for allowed in ALLOWED:
                bare = re.sub(allowed, "", bare)
            if re.search(pattern, bare):
                found.append(f"{name}:{number}: {line.strip()}")
    assert not found, _listed(f"write {PRIVATE[pattern]}", found)


def _docstrings() -> Iterator[tuple[str, str]]:
    """Yield each docstring by its place: of modules, classes, functions and constants."""
    for path in sorted(p for top in CODE for p in (ROOT / top).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            body = getattr(node, "body", None)
            for child in body if isinstance(body, list) else ():
                if isinstance(child, ast.Expr) and isinstance(child.value, ast.Constant):
                    text = child.value.value
                    if isinstance(text, str):
                        yield f"{path.relative_to(ROOT)}:{child.lineno}", text


def test_docstrings_say_what_a_thing_is() -> None:
    first = ((place, text.strip().partition("\n")[0]) for place, text in _docstrings())
    found = [f"{place}: {line}" for place, line in first if NO_SUBJECT.match(line)]
    assert not found, _listed("begin with what the thing is, or with a verb", found)


def test_descriptions_of_parameters_say_what_they_are() -> None:
    found = []
    for place, text in _docstrings():
        lines = [line.strip() for line in text.splitlines()]
        for above, line in pairwise(lines):
            if re.match(r"[\w*, ]+ : \S", above) and re.match(r"(Of|Whose|Which|That of)\b", line):
                found.append(f"{place}: {above.partition(' :')[0]}: {line}")
    assert not found, _listed("begin with a noun", found)


def _parsers(parser: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
    yield parser
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for child in {id(p): p for p in action.choices.values()}.values():
                yield from _parsers(child)


def _helps() -> Iterator[tuple[str, str]]:
    """Yield the help text of each flag, command and option, by its place."""
    for parser in _parsers(command_parser()):
        yield parser.prog, parser.description or parser.prog
        for action in parser._actions:
            if action.help and action.help != argparse.SUPPRESS:
                yield f"{parser.prog} {'/'.join(action.option_strings) or action.dest}", action.help
    endpoints = (point.load() for point in entry_points(group="linksim.endpoints"))
    for cls in (LinkConfig, *CHANNELS.values(), *endpoints):
        for field in dataclasses.fields(cls):
            yield f"{cls.__module__}.{cls.__name__}.{field.name}", field.metadata["help"]


def test_help_texts_are_whole_phrases() -> None:
    found = [f"{place}: {text}" for place, text in _helps() if NO_SUBJECT.match(text)]
    assert not found, _listed("begin with what the option is", list(dict.fromkeys(found)))


def _listed(what: str, found: list[str]) -> str:
    return f"{len(found)} to rewrite ({what}):\n" + "\n".join(found)
