"""Parameters and multiply-accumulates of a network in a ``.tflite`` file."""

import math
from pathlib import Path
from typing import Any

_FILTER = 1  # which input of a convolution or dense layer holds its weights


def tflite_size(file: Path) -> tuple[int, int]:
    """Count what a file holds.

    Parameters
    ----------
    file : Path
        File of one graph; read with ``ai-edge-litert``, which must be installed.

    Returns
    -------
    tuple of int
        Parameters, and multiply-accumulates of a run: of convolutions and dense layers, the
        operations of this kind that the face networks have.
    """
    from ai_edge_litert import schema_py_generated as schema

    model = schema.Model.GetRootAs(file.read_bytes(), 0)
    graph = model.Subgraphs(0)
    floats = (schema.TensorType.FLOAT32, schema.TensorType.FLOAT16)
    parameters = 0
    for i in range(graph.TensorsLength()):
        tensor = graph.Tensors(i)
        # Constants alone have data; those of whole numbers are sizes, as of padding.
        if tensor.Type() in floats and model.Buffers(tensor.Buffer()).DataLength():
            parameters += math.prod(_shape(tensor))
    builtin, macs = schema.BuiltinOperator, 0
    for i in range(graph.OperatorsLength()):
        operation = graph.Operators(i)
        code = _code(model.OperatorCodes(operation.OpcodeIndex()))
        if code in (builtin.CONV_2D, builtin.FULLY_CONNECTED):
            macs += _outputs(graph, operation) * math.prod(_filter(graph, operation)[1:])
        elif code == builtin.DEPTHWISE_CONV_2D:
            macs += _outputs(graph, operation) * math.prod(_filter(graph, operation)[1:3])
    return parameters, macs


def _code(operator: Any) -> int:
    """Return which operation it is; older files have a byte for it, and 0 in the newer field."""
    return max(operator.BuiltinCode(), operator.DeprecatedBuiltinCode())


def _outputs(graph: Any, operation: Any) -> int:
    """Return how many numbers the operation gives."""
    return math.prod(_shape(graph.Tensors(operation.Outputs(0))))


def _filter(graph: Any, operation: Any) -> list[int]:
    """Return the shape of the weights: outputs, or 1 of a depthwise one, come first."""
    return _shape(graph.Tensors(operation.Inputs(_FILTER)))


def _shape(tensor: Any) -> list[int]:
    return tensor.ShapeAsNumpy().tolist()
