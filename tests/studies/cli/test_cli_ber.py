"""``linksim ber``: what its flags and ``--link`` make of a link."""

import pytest

from linksim.errors import LinksimError
from linksim.link.config import LinkConfig
from studies.cli.ber import link_config
from studies.cli.main import command_parser


def described(*words: str) -> LinkConfig:
    """Return the link of a command line."""
    return link_config(command_parser().parse_args(["ber", *words]))


def test_any_field_of_a_link_can_be_given() -> None:
    words = ["--modulation", "qpsk", "--interleave-slots", "4"]
    for option in ("pilots=2+7+11", "pilot_spacing=2", "noise=estimated", "decoder_iterations=8"):
        words += ["--link", option]
    assert described(*words, "--link", "estimator=ls-linear") == LinkConfig(
        modulation="qpsk",
        interleave_slots=4,
        pilots="2+7+11",
        pilot_spacing=2,
        noise="estimated",
        decoder_iterations=8,
    )


def test_csi_is_perfect_unless_an_estimator_is_named() -> None:
    assert (
        described() == described("--link", "estimator=perfect") == LinkConfig(estimator="perfect")
    )
    assert described("--estimator", "lmmse") == LinkConfig(estimator="lmmse")


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["--link", "feedback_loss=0.5"], "so feedback_loss says nothing here"),
        (["--link", "mcs_table=2"], "so mcs_table says nothing here"),
        (["--uncoded", "--link", "decoder_iterations=5"], "--uncoded has no code"),
    ],
)
def test_fields_that_say_nothing_are_refused(words: list[str], line: str) -> None:
    with pytest.raises(LinksimError, match=line):
        described(*words)
