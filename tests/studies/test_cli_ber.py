"""``linksim ber``: what its flags and ``--link`` make of a link."""

from linksim.link_config import LinkConfig
from studies.cli import command_parser
from studies.cli_ber import link_config


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
