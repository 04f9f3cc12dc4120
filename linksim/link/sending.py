"""Send a clip over a link: encode, transmit, decode."""

from collections.abc import Callable
from dataclasses import replace
from time import perf_counter

from linksim.endpoint import Csi, Encoded, Endpoint
from linksim.link.results import Transmission
from linksim.link.transmission import Link
from linksim.media import Clip
from linksim.timing import Computing


def send(
    endpoint: Endpoint,
    clip: Clip,
    link: Link,
    snr_db: float,
    seed: int,
    *,
    encode: Callable[[Endpoint, Clip, Csi | None], Encoded] | None = None,
) -> tuple[Clip, Transmission]:
    """Encode, transmit and decode.

    ::

        clip ──encode──▶ link ──▶ decode ──▶ received clip
                ◀─ CSI ──┘

    Parameters
    ----------
    endpoint : Endpoint
        Both ends.
    clip : Clip
        The clip to send.
    link : Link
        The link that it crosses.
    snr_db : float
        Mean Es/N0 per resource element in dB.
    seed : int
        Seed of channel, noise and feedback.
    encode : callable, optional
        Stands in for ``endpoint.encode``, as one that knows encodings from before.

    Returns
    -------
    Clip, Transmission
        The clip as received, and what the link says of it.
    """
    endpoint = link.config.form_of(endpoint)
    link.check_call(clip.duration)
    csi = link.csi(snr_db, seed, clip.duration) if endpoint.uses_csi else None
    began = perf_counter()
    encoded = encode(endpoint, clip, csi) if encode else endpoint.encode(clip, csi)
    was_encoded = perf_counter()
    sent = link.transmit(encoded, snr_db, seed, clip.duration)
    arrived = perf_counter()
    heard = endpoint.decode(sent.received)
    parts = was_encoded - began, arrived - was_encoded, perf_counter() - arrived
    return heard, replace(sent, computing=Computing(*parts, clip.duration))
