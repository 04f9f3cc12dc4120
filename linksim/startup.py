"""TensorFlow, loaded without its start-up chatter."""

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
