import pytest

from linksim.metrics.words import edits, words


def test_words_are_what_is_heard() -> None:
    said = "Don't -- say “Bin blue”, at F2, NOW!"
    assert words(said) == ["don't", "say", "bin", "blue", "at", "f2", "now"]
    assert words("don’t") == words("DON'T")
    assert words(" .,!? _ ") == []


@pytest.mark.parametrize(
    ("sent", "received", "fewest"),
    [
        ("", "", 0),
        ("a b c", "a b c", 0),
        ("a b c", "", 3),
        ("", "a b", 2),
        ("a b c", "a x c", 1),
        ("a b c", "a c", 1),
        ("a b c", "x a b c", 1),
        ("a b c d", "b c d a", 2),
        ("k i t t e n", "s i t t i n g", 3),
    ],
)
def test_fewest_edits(sent: str, received: str, fewest: int) -> None:
    assert edits(sent.split(), received.split()) == fewest
    assert edits(received.split(), sent.split()) == fewest
