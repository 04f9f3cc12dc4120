"""The text codec as an endpoint: what is said as latents over the symbol link, or as bytes."""

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from linksim.endpoint import (
    Csi,
    Encoded,
    Endpoint,
    Received,
    ReceivedBits,
    ReceivedSymbols,
    SymbolStream,
)
from linksim.errors import unknown
from linksim.media import Clip, require
from linksim.options import check_range, option
from semantic.text.alphabet import NONE, chunks, lost_letters, normalise, to_text, to_tokens
from semantic.text.digital import text_of, text_stream
from semantic.text.layout import combined, held_of, kept_of, slots_of
from semantic.text.sizes import CHUNK

if TYPE_CHECKING:
    from semantic.text.model import TextModel

STREAM = "text"
FORMS = ("semantic", "digital")
PRESETS = ("compact", "paper")
MOST_LOST = 255
MOST_SLOTS = 10_000

_BYTES = struct.Struct(">IH")  # bytes of a digital text, and its slots


@dataclass(frozen=True, kw_only=True)
class Text(Endpoint):
    """Learned joint source-channel coding of text, after DeepSC.

    ::

        text ─▶ chunks ─▶ encoder ─ keep ─ copy ─ interleave ▶ "text" ▶ combine ─▶ decoder ─▶ text
                   └────── lengths: set-up ─────────────────────────────┘

    A text takes whole slots, `uses` channel uses a character or more and `slots` slots or more.
    Few of either leave the last latents of each character out; many send all of them several
    times, in slots that fade independently. What is sent is normalised, see
    `semantic.text.alphabet.normalise`.

    Form "digital" is what it compares with, in as many slots: UTF-8, QPSK and LDPC at the
    lowest rate that fits, interleaved over all of them.

    Raises
    ------
    LinksimError
        If an option lies outside its range.
    """

    name: ClassVar[str] = "text"

    form: str = option(
        "semantic", "form of what is sent: semantic, or digital (UTF-8 over LDPC and QPSK)"
    )
    uses: float = option(32.0, "least number of channel uses per character")
    slots: int = option(4, "least number of slots of 72 subcarriers", "slot")
    preset: str = option("compact", "sizes of the networks: compact or paper")
    weights: str | None = option(
        None, "file of weights to use instead of the shipped ones", file=True
    )

    def __post_init__(self) -> None:
        for name, known in (("form", FORMS), ("preset", PRESETS)):
            if getattr(self, name) not in known:
                raise unknown(f"value of option '{name}'", getattr(self, name), known)
        check_range("scheme 'text': option 'uses'", self.uses, 2.0, 1000.0)
        check_range("scheme 'text': option 'slots'", self.slots, 1, MOST_SLOTS)

    def encode(self, clip: Clip, csi: Csi | None = None) -> Encoded:
        """Turn the text of a clip into stream ``"text"``; an empty text has none.

        Raises
        ------
        LinksimError
            If there is no text, the slots are too few for its bytes, or there are no weights.
        """
        require(clip, "scheme 'text'", text=True)
        assert clip.text is not None
        pieces = chunks(normalise(clip.text))
        slots = slots_of(sum(map(len, pieces)), self.uses, self.slots)
        if self.form == "digital":
            text = clip.text.encode()
            streams = (text_stream(STREAM, text, slots),) if slots else ()
            return Encoded(streams, _BYTES.pack(len(text), slots))
        lost = min(lost_letters(clip.text), MOST_LOST)
        setup = bytes([lost, *map(len, pieces)])
        return Encoded((self._symbols(pieces, slots),) if slots else (), setup)

    def _symbols(self, pieces: list[str], slots: int) -> SymbolStream:
        from semantic.text.combining import unit_power

        model = self._model()
        tokens = np.full((len(pieces), CHUNK), NONE, np.int32)
        for row, piece in zip(tokens, pieces, strict=True):
            row[: len(piece)] = to_tokens(piece)
        present = tokens != NONE
        kept = kept_of(int(present.sum()), slots, model.latents)
        sent = np.zeros((*tokens.shape, model.latents), np.float32)
        sent[..., :kept] = present[..., None]
        latents = np.asarray(unit_power(model.encoder(tokens, training=False), sent))
        pairs = latents[present][:, :kept].reshape(-1, 2)
        return SymbolStream(STREAM, pairs[held_of(len(pairs), slots)].reshape(-1))

    def decode(self, received: Received) -> Clip:
        """Turn what arrived into a text; an empty one if nothing did."""
        arrived = received.streams.get(STREAM)
        if self.form == "digital":
            size, slots = _BYTES.unpack(received.setup)
            packets = dict(arrived.packets) if isinstance(arrived, ReceivedBits) else {}
            return Clip(name=self.name, text=text_of(packets, size, slots))
        lost, *lengths = received.setup
        text = ""
        if isinstance(arrived, ReceivedSymbols) and lengths:
            text = self._read(arrived, np.array(lengths))
        letters = "letters are" if lost > 1 else "letter is"
        amount = f"{MOST_LOST} or more" if lost == MOST_LOST else str(lost)
        warning = f"{amount} {letters} not in the alphabet of the text codec, and not sent"
        return Clip(name=self.name, text=text, warnings=(warning,) if lost else ())

    def _read(self, arrived: ReceivedSymbols, lengths: np.ndarray) -> str:
        model = self._model()
        present = np.arange(CHUNK) < lengths[:, None]
        characters = int(lengths.sum())
        slots = slots_of(characters, self.uses, self.slots)
        kept = kept_of(characters, slots, model.latents)
        held = held_of(characters * kept // 2, slots)
        inputs = []
        for pairs in combined(arrived.latents, arrived.noise_variance, held):
            inputs.append(np.zeros((*present.shape, model.latents), np.float32))
            inputs[-1][present, :kept] = pairs.reshape(characters, kept)
        logits = np.asarray(model.decoder([*inputs, present], training=False))
        tokens = np.where(present, logits[..., NONE + 1 :].argmax(-1) + NONE + 1, NONE)
        return " ".join(" ".join(to_text(row) for row in tokens).split())

    def _model(self) -> "TextModel":
        # Keras is loaded when it is needed, not when schemes are listed.
        from semantic.text.model import TextModel
        from semantic.training.weights import trained

        return trained(TextModel, self.preset, Path(self.weights) if self.weights else None)
