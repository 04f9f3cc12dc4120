"""The Gray-labelled square QAM of TS 38.211, clause 5.1."""

from linksim.phy.modulations.modulation import Modulation

QPSK = Modulation("qpsk", 2)
QAM16 = Modulation("16qam", 4)
QAM64 = Modulation("64qam", 6)
QAM256 = Modulation("256qam", 8)
