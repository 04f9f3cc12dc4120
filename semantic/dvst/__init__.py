"""The video codec of the paper, deep video semantic transmission (DVST): Fig. 3."""
