"""The common base of digital endpoints: the MCS that protects their packets."""

from dataclasses import dataclass

from linksim.endpoint import BitStream, Csi, Endpoint
from linksim.errors import unknown
from linksim.link.config import link_of_option
from linksim.link.cqi import select_mcs
from linksim.options import option
from linksim.streams.protection import reported_snr_db, side_stream

AUTO, MEAN, ROBUST = "auto", "mean", "robust"
MCS_CHOICES = ("link", AUTO, MEAN, ROBUST)


@dataclass(frozen=True, kw_only=True)
class DigitalEndpoint(Endpoint):
    """An endpoint whose packets may go at an MCS chosen from what is fed back.

    "auto" has one of its own in every slot, which follows reports and acknowledgements, as
    `linksim.link.adaptation` has it. The others are for the whole clip, from the CSI before it.
    "mean" goes by the mean SNR alone, which is right where a block sees all of the fading.
    "robust" allows for fading: of all schemes and depths of interleaving that lose less than
    about 1 % of blocks it takes those with the fewest channel uses, as learned schemes do for
    their side information.
    """

    mcs: str = option(
        "link",
        "MCS of the packets: link for the link's own, auto to follow the channel slot by slot; "
        "from the CSI before the clip, mean, or robust, which sets the interleaver depth as well",
    )

    def __post_init__(self) -> None:
        if self.mcs not in MCS_CHOICES:
            raise unknown("value of option 'mcs'", self.mcs, MCS_CHOICES)

    @property
    def uses_csi(self) -> bool:  # type: ignore[override]
        """True where `encode` reads its `csi`."""
        return self.mcs in (MEAN, ROBUST)

    def stream(
        self, name: str, packets: tuple[bytes, ...], csi: Csi | None, link: str | None = None
    ) -> BitStream:
        """Return packets as a stream with its MCS and interleaver depth.

        Parameters
        ----------
        name : str
            Name of the stream.
        packets : tuple of bytes
            Packets to be sent.
        csi : Csi or None
            Channel state that was fed back.
        link : str, optional
            Options of the link for "robust", ``key=value,…``.
        """
        if self.mcs == ROBUST:
            return side_stream(name, packets, reported_snr_db(csi), link_of_option(link))
        if self.mcs == AUTO:
            return BitStream(name, packets, adaptive=True)
        return BitStream(name, packets, select_mcs(csi) if self.uses_csi else None)
