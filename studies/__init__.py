"""Studies: SNR sweeps that are planned, run, stored, drawn and reported; and the command line."""
