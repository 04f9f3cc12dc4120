"""An ideal link: nothing is lost, late or noisy."""

import numpy as np

from linksim.endpoint import BitStream, Encoded, Received, ReceivedBits, ReceivedSymbols


def delivered(encoded: Encoded) -> Received:
    """Return what is received where nothing is lost and nothing is noisy."""
    streams: dict[str, ReceivedBits | ReceivedSymbols] = {}
    for stream in encoded.streams:
        if isinstance(stream, BitStream):
            packets = dict(enumerate(stream.packets))
            streams[stream.name] = ReceivedBits(stream.name, packets)
        else:
            silence = np.zeros_like(stream.latents)
            streams[stream.name] = ReceivedSymbols(stream.name, stream.latents, silence)
    return Received(encoded.setup, streams)
