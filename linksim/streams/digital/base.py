"""The common base of digital endpoints: the MCS that protects their packets."""

from dataclasses import dataclass

from linksim.endpoint import BitStream, Csi
from linksim.errors import unknown
from linksim.link.config import link_of_option
from linksim.link.cqi import select_mcs
from linksim.options import option
from linksim.phy.coding.mcs import Mcs
from linksim.streams.conversation import Conversational
from linksim.streams.protection import reported_snr_db, robust_mcs, side_stream
from linksim.timing import Times

AUTO, MEAN, ROBUST = "auto", "mean", "robust"
MCS_CHOICES = ("link", AUTO, MEAN, ROBUST)


@dataclass(frozen=True, kw_only=True)
class DigitalEndpoint(Conversational):
    """An endpoint whose packets may go at an MCS chosen from what is fed back.

    "auto" has one of its own in every slot, which follows reports and acknowledgements, as
    `linksim.link.adaptation` has it. The others are for the whole clip, from the CSI before it.
    "mean" goes by the mean SNR alone, which is right where a block sees all of the fading.
    "robust" allows for fading: of all schemes and depths of interleaving that lose less than
    about 1 % of blocks it takes those with the fewest channel uses, as learned schemes do for
    their side information. In low-delay form there is no time to interleave, and it takes the
    fastest scheme that loses so little at the link's own depth.
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

    def fixed_mcs(self, csi: Csi | None, link: str | None = None) -> Mcs | None:
        """Return the MCS of all packets, None for the link's; it does not depend on them.

        Parameters are those of `stream`.
        """
        if self.mcs == ROBUST:
            return robust_mcs(reported_snr_db(csi), link_of_option(link))
        return select_mcs(csi) if self.mcs == MEAN else None

    def stream(
        self,
        name: str,
        packets: tuple[bytes, ...],
        csi: Csi | None,
        link: str | None = None,
        times: Times | None = None,
        *,
        keep_late: bool = False,
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
        times : Times, optional
            Times of the packets, in low-delay form.
        keep_late : bool
            Whether late packets are of use.
        """
        if self.mcs == ROBUST and not self.low_delay:
            return side_stream(name, packets, reported_snr_db(csi), link_of_option(link))
        if self.mcs == AUTO:
            return BitStream(name, packets, adaptive=True, times=times, keep_late=keep_late)
        mcs = self.fixed_mcs(csi, link)
        return BitStream(name, packets, mcs, times=times, keep_late=keep_late)
