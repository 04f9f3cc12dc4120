"""The number of threads of the libraries that compute."""

import os

VARIABLES = (
    "TF_NUM_INTRAOP_THREADS",
    "TF_NUM_INTEROP_THREADS",
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "NUMBA_NUM_THREADS",
)
"""Each is read when its library is loaded, here and in worker processes."""


def limit_threads(threads: int) -> None:
    """Give each library so many; libraries that are loaded already keep theirs."""
    for name in VARIABLES:
        os.environ[name] = str(threads)
