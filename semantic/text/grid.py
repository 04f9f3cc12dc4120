"""Sentences of the GRID corpus, made by its published grammar."""

import numpy as np

COMMANDS = ("bin", "lay", "place", "set")
COLOURS = ("blue", "green", "red", "white")
PREPOSITIONS = ("at", "by", "in", "with")
LETTERS = "abcdefghijklmnopqrstuvxyz"
"""All but w, whose name alone has several syllables."""
DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
ADVERBS = ("again", "now", "please", "soon")


def sentence(rng: np.random.Generator) -> str:
    """Draw a sentence: command, colour, preposition, letter, digit, adverb.

    As a recogniser may write it: the digit as word or figure, the letter apart from it or
    not, with a full stop or without. Cooke et al., "An audio-visual corpus for speech
    perception and automatic speech recognition", J. Acoust. Soc. Am. 120(5), 2006.
    """
    command, colour, preposition, letter, adverb = (
        choices[rng.integers(len(choices))]
        for choices in (COMMANDS, COLOURS, PREPOSITIONS, LETTERS, ADVERBS)
    )
    digit = int(rng.integers(len(DIGITS)))
    form = (f"{letter} {DIGITS[digit]}", f"{letter} {digit}", f"{letter}{digit}")
    stop = ("", ".")[rng.integers(2)]
    place = form[rng.integers(len(form))]
    return f"{command} {colour} {preposition} {place} {adverb}{stop}"
