"""Process-wide settings of TensorFlow: a quiet start, and full precision."""

import os
import sys
from types import ModuleType


def import_tensorflow() -> ModuleType:
    """Import TensorFlow with the process's stderr closed.

    Its libraries write a few lines before they read ``TF_CPP_MIN_LOG_LEVEL``; no setting of
    theirs stops them.
    """
    sys.stderr.flush()
    kept, null = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 2)
    try:
        import tensorflow
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(null)
    # A study compiles many links on purpose; TensorFlow would warn of "retracing".
    tensorflow.get_logger().setLevel("ERROR")
    return tensorflow


def full_precision() -> None:
    """Compute in float32 in this whole process, on a GPU as well.

    A GPU would round products of matrices to TensorFloat-32, and channel estimates by up to 3e-3
    with them.
    """
    import tensorflow

    tensorflow.config.experimental.enable_tensor_float_32_execution(enabled=False)
