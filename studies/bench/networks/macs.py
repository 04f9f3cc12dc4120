"""Multiply-accumulates of TensorFlow functions, counted in their graphs.

::

    function ─ trace ─▶ graph ─ what its outputs need ─▶ convolutions, matrix products ─▶ sum
"""

import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import tensorflow as tf

from linksim.errors import LinksimError

_SCOPE = "counted."
_MARKED = re.compile(r"counted\.([A-Za-z_]*[A-Za-z])")  # without the number of a second call


def macs(function: Callable[..., Any], *inputs: Any) -> Counter[str]:
    """Count the multiply-accumulates of one call.

    Counted are convolutions, transposed ones too, and matrix products, learned or not, that the
    outputs need: TensorFlow leaves out the rest. Taps on padding count. What is computed twice
    counts twice, though TensorFlow may notice.

    Parameters
    ----------
    function : callable
        Function of tensors, such as a Keras layer or model.
    *inputs : nests of tf.TensorSpec
        Its arguments; all sizes must be known.

    Returns
    -------
    Counter
        Multiply-accumulates by the name of what is marked, see `mark`, the innermost where marks
        are nested; ``""`` has those outside of any.

    Raises
    ------
    LinksimError
        If the function holds an operation that cannot be counted.
    """
    # Some names in the graph begin with what only names inside others may begin with.
    traced = tf.function(lambda *x: _inside("call", function, *x), autograph=False)
    graph = traced.get_concrete_function(*inputs).graph
    counts: Counter[str] = Counter()
    for operation in _needed(tensor.op for tensor in graph.outputs):
        if count := _macs_of(operation):
            marks = _MARKED.findall(operation.name)
            counts[marks[-1] if marks else ""] += count
    return counts


def mark(part: Any, method: str, name: str) -> None:
    """Have what a method of an object computes counted under a name, from now on.

    Parameters
    ----------
    part : Any
        Keras layer or whatever else; it keeps the mark.
    method : str
        Name of the method; ``"call"`` for layers that are called themselves.
    name : str
        Letters and underscores.
    """
    plain = getattr(part, method)

    def marked(*args: Any, **kwargs: Any) -> Any:
        return _inside(_SCOPE + name, plain, *args, **kwargs)

    setattr(part, method, marked)


def _inside(scope: str, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    with tf.name_scope(scope):
        return function(*args, **kwargs)


def _needed(outputs: Iterable[tf.Operation]) -> Iterator[tf.Operation]:
    """Give each operation that some operations depend on, and these."""
    waiting, seen = list(outputs), set()
    while waiting:
        operation = waiting.pop()
        if operation.name not in seen:
            seen.add(operation.name)
            waiting += [*(x.op for x in operation.inputs), *operation.control_inputs]
            yield operation


def _macs_of(operation: tf.Operation) -> int:
    """Return the multiply-accumulates of an operation, 0 for one that is no product."""
    count = _COUNTED.get(operation.type)
    if count is None:
        if re.search("Conv|MatMul|Einsum", operation.type) or _calls(operation):
            raise LinksimError(f"cannot count the operation {operation.type}, {operation.name}")
        return 0
    try:
        return count(operation)
    except (TypeError, ValueError):  # of a size, or of all of them, that is None
        raise LinksimError(f"cannot count {operation.name}: not all its sizes are known") from None


def _calls(operation: tf.Operation) -> bool:
    """Whether the operation runs another graph, as loops do."""
    return any(attribute.type == "func" for attribute in operation.op_def.attr)


def _convolution(operation: tf.Operation) -> int:
    # Height, width and inputs; of those fewer than the map has if it goes in groups.
    *taps, _ = _shape(operation.inputs[1])
    return math.prod(_shape(operation.outputs[0])) * math.prod(taps)


def _depthwise(operation: tf.Operation) -> int:
    height, width, *_ = _shape(operation.inputs[1])
    return math.prod(_shape(operation.outputs[0])) * height * width


def _transposed(operation: tf.Operation) -> int:
    # Each input is added to a window; its second input is the filter, with outputs third.
    *taps, _ = _shape(operation.inputs[1])
    return math.prod(_shape(operation.inputs[2])) * math.prod(taps)


def _product(operation: tf.Operation) -> int:
    flag = "transpose_a" if operation.type == "MatMul" else "adj_x"
    rows = -2 if operation.get_attr(flag) else -1
    return math.prod(_shape(operation.outputs[0])) * _shape(operation.inputs[0])[rows]


def _einsum(operation: tf.Operation) -> int:
    """Return the product of the sizes of all indices, each once."""
    terms = operation.get_attr("equation").decode().split("->")[0].split(",")
    sizes: dict[str, int] = {}
    for term, tensor in zip(terms, operation.inputs, strict=True):
        if "." in term:
            raise ValueError("an ellipsis stands for indices without a name")
        sizes.update(zip(term, _shape(tensor), strict=True))
    return math.prod(sizes.values())


def _shape(tensor: tf.Tensor) -> list[int]:
    return tensor.shape.as_list()


_COUNTED: dict[str, Callable[[tf.Operation], int]] = {
    "Conv2D": _convolution,
    "DepthwiseConv2dNative": _depthwise,
    "Conv2DBackpropInput": _transposed,
    "MatMul": _product,
    "BatchMatMulV2": _product,
    "Einsum": _einsum,
}
