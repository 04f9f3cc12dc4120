from linksim.endpoint import ENDPOINTS as ENDPOINTS
from linksim.endpoint import Endpoint as Endpoint
from linksim.errors import LinksimError as LinksimError
from linksim.link.config import LinkConfig as Link
from linksim.media import Clip as Clip
from linksim.media import read as read
from linksim.media import write as write
from linksim.metrics import METRICS as METRICS
from linksim.metrics import Metric as Metric
from linksim.montecarlo import StopRule as StopRule
from linksim.phy.channels import CHANNELS as CHANNELS
from linksim.phy.channels import Channel as Channel
from studies.api.result import SweepResult as SweepResult
from studies.api.send import send as send
from studies.api.send import transmit as transmit
from studies.api.study import Study as Study
from studies.api.sweep import ber as ber
from studies.api.sweep import sweep as sweep

__version__: str
__all__ = [
    "CHANNELS", "ENDPOINTS", "METRICS", "Channel", "Clip", "Endpoint", "Link", "LinksimError",
    "Metric", "StopRule", "Study", "SweepResult", "__version__", "ber", "read", "send", "sweep",
    "transmit", "write",
]  # fmt: skip
