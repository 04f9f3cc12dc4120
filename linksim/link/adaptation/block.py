"""A transport block that is sent until it arrives."""

from collections.abc import Callable

import numpy as np

from linksim.phy.coding.harq import HarqCode, SoftBuffer
from linksim.phy.coding.mcs import Mcs


class Block:
    """A transport block on its way.

    Parameters
    ----------
    payload : bytes
        What it carries.
    mcs : Mcs
        Modulation and code rate.
    code : HarqCode
        Its code.
    encode : callable
        Gives code words, uint8, [blocks, n], of payload bits, [blocks, k]; `HarqCode.encode` or a
        `Generator` of the code.
    packets : list of int
        Packets that it holds a part of.
    begun : int
        Slot in which it is first sent.
    """

    def __init__(
        self,
        payload: bytes,
        mcs: Mcs,
        code: HarqCode,
        encode: Callable[[np.ndarray], np.ndarray],
        packets: list[int],
        begun: int,
    ) -> None:
        self.mcs, self.packets, self.begun, self._code = mcs, packets, begun, code
        self.bits = np.unpackbits(np.frombuffer(payload, np.uint8))
        self._mother = encode(self.bits[np.newaxis])
        self._buffer = SoftBuffer(1, code.versions, code.symbols)
        self.decoded = np.zeros_like(self.bits)
        self.attempts, self.first_ok = 0, False
        self.arrived: int | None = None

    def send(self) -> np.ndarray:
        """Return the symbols, complex64, [n], of one more transmission."""
        self.attempts += 1
        return self._code.send(self._mother, self.attempts)[0]

    def receive(self, symbols: np.ndarray, noise_variance: np.ndarray, slot: int) -> None:
        """Decode what came of a transmission that ended in a slot, with all before it."""
        got = symbols[np.newaxis], noise_variance[np.newaxis]
        bits, ok = self._code.receive(self._buffer, np.array([0]), self.attempts, *got)
        if self.arrived is None:
            self.decoded = bits[0]
            self.arrived = slot if ok[0] else None
            self.first_ok |= bool(ok[0]) and self.attempts == 1

    @property
    def symbols(self) -> int:
        """Symbols of one transmission."""
        return self._code.symbols

    @property
    def delay_slots(self) -> int:
        """Slots from the start of the first transmission to the end of what was enough; 0: none."""
        return 0 if self.arrived is None else self.arrived - self.begun + 1

    @property
    def payload(self) -> bytes | None:
        """What arrived; None where the CRC failed."""
        return None if self.arrived is None else np.packbits(self.decoded).tobytes()
