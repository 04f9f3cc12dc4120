"""Encoder output on disk: what does not depend on the SNR is computed once, for all workers."""

import json
from dataclasses import asdict
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from linksim import __version__
from linksim.arrays import read_arrays
from linksim.endpoint import BitStream, Csi, Encoded, Endpoint, SymbolStream
from linksim.files import replacing
from linksim.link.contents import endpoint_contents, options_by_content
from linksim.media import Clip
from linksim.phy.coding.mcs import Mcs
from linksim.timing import Times
from studies.run.plan import digest


class EncoderCache:
    """The encodings of one clip.

    Parameters
    ----------
    folder : Path
        Folder of the files, shared between processes.
    fingerprint : str
        Fingerprint of the clip.

    Attributes
    ----------
    took_s : float
        Seconds that the encoding returned last took when it was made.
    """

    def __init__(self, folder: Path, fingerprint: str) -> None:
        self.folder = folder
        self.fingerprint = fingerprint
        self.took_s = 0.0

    def encode(self, endpoint: Endpoint, clip: Clip, csi: Csi | None) -> Encoded:
        """Return ``endpoint.encode(clip, csi)``, from disk where it is known."""
        key = {
            "clip": self.fingerprint,
            "endpoint": f"{type(endpoint).__module__}.{type(endpoint).__qualname__}",
            "contents": endpoint_contents(endpoint),
            "options": options_by_content(endpoint),
            "csi": _known(csi) if endpoint.uses_csi and csi else None,
            "linksim": __version__,
        }
        path = self.folder / f"{digest(key)}.npz"
        try:
            encoded, self.took_s = load_encoded(path)
        except (ValueError, KeyError, TypeError):  # absent or damaged
            began = perf_counter()
            encoded = endpoint.encode(clip, csi)
            self.took_s = perf_counter() - began
            save_encoded(encoded, self.took_s, path)
        return encoded


def save_encoded(encoded: Encoded, took_s: float, path: Path) -> None:
    """Write an `Encoded`, and the seconds that it took, as plain arrays without pickle."""
    arrays: dict[str, np.ndarray] = {
        "setup": np.frombuffer(encoded.setup, np.uint8),
        "took_s": np.array(took_s),
    }
    heads: list[dict[str, Any]] = []
    for index, stream in enumerate(encoded.streams):
        head: dict[str, Any] = {"name": stream.name, "keep_late": stream.keep_late}
        head["times"] = asdict(stream.times) if stream.times else None
        if isinstance(stream, BitStream):
            head |= {"sizes": [len(p) for p in stream.packets]}
            head |= {"mcs": asdict(stream.mcs) if stream.mcs else None}
            head |= {"interleave_slots": stream.interleave_slots, "adaptive": stream.adaptive}
            arrays[f"stream{index}"] = np.frombuffer(b"".join(stream.packets), np.uint8)
        else:
            head["units"] = stream.units
            arrays[f"stream{index}"] = stream.latents
        heads.append(head)
    arrays["heads"] = np.frombuffer(json.dumps(heads).encode(), np.uint8)
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as temporary, temporary.open("wb") as file:
        np.savez(file, **arrays)  # type: ignore[arg-type]


def load_encoded(path: Path) -> tuple[Encoded, float]:
    """Read what `save_encoded` wrote."""
    arrays = read_arrays(path)
    heads = json.loads(arrays["heads"].tobytes())
    streams = [_stream(head, arrays[f"stream{i}"]) for i, head in enumerate(heads)]
    return Encoded(tuple(streams), arrays["setup"].tobytes()), float(arrays["took_s"])


def _stream(head: dict[str, Any], body: np.ndarray) -> BitStream | SymbolStream:
    times = Times(*map(tuple, head["times"].values())) if head["times"] else None
    if "sizes" not in head:
        return SymbolStream(head["name"], body, tuple(head["units"]), times, head["keep_late"])
    data, ends = body.tobytes(), np.cumsum(head["sizes"], dtype=int)
    packets = tuple(data[e - n : e] for e, n in zip(ends, head["sizes"], strict=True))
    return BitStream(
        head["name"],
        packets,
        Mcs(**head["mcs"]) if head["mcs"] else None,
        head["interleave_slots"],
        head["adaptive"],
        times,
        head["keep_late"],
    )


def _known(csi: Csi) -> dict[str, Any]:
    """Return what an encoding by this CSI depends on."""
    later = {"trace": csi.trace or None, "granted": csi.granted, "mean_db": csi.mean_db}
    known = {name: value for name, value in later.items() if value is not None}
    return {"snr_db": csi.snr_db} | known
