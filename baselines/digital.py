"""What every digital baseline has in common: its choice of modulation and code rate."""

from dataclasses import dataclass

from linksim.adaptation import select_mcs
from linksim.endpoint import Csi, Endpoint, Mcs
from linksim.errors import unknown
from linksim.options import option

MCS_CHOICES = ("link", "auto")


@dataclass(frozen=True, kw_only=True)
class DigitalEndpoint(Endpoint):
    """An endpoint whose packets may go at an MCS chosen from the fed-back CSI."""

    mcs: str = option("link", "link: the link's own; auto: chosen from the fed-back CSI")

    def __post_init__(self) -> None:
        if self.mcs not in MCS_CHOICES:
            raise unknown("value of option 'mcs'", self.mcs, MCS_CHOICES)

    @property
    def uses_csi(self) -> bool:  # type: ignore[override]
        """Whether `encode` reads its `csi`."""
        return self.mcs == "auto"

    def chosen_mcs(self, csi: Csi | None) -> Mcs | None:
        """Return the MCS of the streams; None for the link's own."""
        return select_mcs(csi) if self.uses_csi else None
