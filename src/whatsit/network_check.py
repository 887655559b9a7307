"""What a bundle's network may be made of, seen before the engine reads it.

The engine computes constants while it reads: a network from a stranger could keep it busy forever, or fill
the memory, before its shapes are known. So the file itself is looked at first. ONNX is protobuf;
the few messages that a network needs are listed here, and whatever else is in the file is refused.
"""

from typing import NamedTuple

from whatsit.errors import NetworkError
from whatsit.i18n import Message
from whatsit.protobuf import LENGTH, VARINT, fields

# What PyTorch's two exporters write for a timm backbone of each family, and what `with_head` adds:
# tests/test_networks.py makes several of them again. Then a few that differ from those only in the formula.
# All give one output for one input: no control flow, no randomness, no state, no text. Some can make a tensor
# of any size, which `engine.size_of` finds out.
_EXPORTED = """
    Add AveragePool BatchNormalization Cast Ceil Clip Concat Constant ConstantOfShape Conv ConvTranspose
    Cos CumSum Div Equal Erf Expand Flatten Gather Gelu Gemm GlobalAveragePool Greater HardSigmoid
    HardSwish Identity InstanceNormalization LayerNormalization Less MatMul MaxPool Mod Mul Neg Not
    OneHot Pad Pow Range ReduceL2 ReduceMax ReduceMean ReduceSum Relu Reshape Resize Shape Sigmoid Sin
    Size Slice Softmax Split Sqrt Squeeze Sub Tanh Tile Transpose Unsqueeze Where
"""
_LIKE_THEM = """
    Abs And Elu Exp Floor GlobalMaxPool GreaterOrEqual GroupNormalization LeakyRelu LessOrEqual Log
    LogSoftmax Max Min Mish Or PRelu Reciprocal ReduceMin Selu Softplus
"""
OPERATORS = frozenset((_EXPORTED + _LIKE_THEM).split())
OPSETS = frozenset(range(17, 24))
MOST_FIELDS = 2_000_000  # a network of 20,000 nodes has a tenth of that


class _Message(NamedTuple):
    """The fields that a message may have: `plain` ones, and those that are messages themselves."""

    name: str
    plain: frozenset[int]
    messages: "dict[int, _Message]"


def _message(name: str, *plain: int, **messages: "_Message") -> _Message:
    return _Message(name, frozenset(plain), {int(number[1:]): inside for number, inside in messages.items()})


# By the numbers in onnx.proto. Left out, and so refused: functions and training steps (model 25, 20), sparse
# weights (graph 15), graphs in attributes, which is what control flow has (attribute 6, 11), parameters of
# functions (attribute 21), weights in other files (tensor 13, 14), and texts in tensors (tensor 6).
_ENTRY = _message("metadata", 1, 2)
_TENSOR = _message("tensor", 1, 2, 4, 5, 7, 8, 9, 10, 11, 12, _16=_ENTRY)
_ATTRIBUTE = _message("attribute", 1, 2, 3, 4, 7, 8, 9, 13, 20, _5=_TENSOR, _10=_TENSOR)
_NODE = _message("node", 1, 2, 3, 4, 6, 7, 8, _5=_ATTRIBUTE, _9=_ENTRY)
_VALUE = _message("value", 1, 2, 3, _4=_ENTRY)
_GRAPH = _message("graph", 2, 10, _1=_NODE, _5=_TENSOR, _11=_VALUE, _12=_VALUE, _13=_VALUE, _16=_ENTRY)
_OPSET = _message("opset", 1, 2)
_MODEL = _message("model", 1, 2, 3, 4, 5, 6, _7=_GRAPH, _8=_OPSET, _14=_ENTRY)
_FORBIDDEN = {
    ("model", 20): "network.training_steps",
    ("model", 25): "network.functions",
    ("graph", 15): "network.sparse_weights",
    ("attribute", 6): "network.control_flow",
    ("attribute", 11): "network.control_flow",
    ("attribute", 22): "network.sparse_weights",
    ("attribute", 23): "network.sparse_weights",
    ("tensor", 13): "network.outside_weights",
    ("tensor", 14): "network.outside_weights",
}


def require_allowed(network: bytes) -> None:
    """Raise NetworkError for anything that is not on the lists above."""
    if network.lstrip()[:1] == b"<":
        raise NetworkError(Message("network.xml"))
    parts = nodes = 0
    waiting = [(_MODEL, 0, len(network))]
    while waiting:
        message, start, end = waiting.pop()
        nodes += message is _NODE
        for number, wire, value, stop in fields(network, start, end):
            parts += 1
            if parts > MOST_FIELDS:
                raise NetworkError(Message("network.many_parts", most=MOST_FIELDS))
            if number in message.messages and wire == LENGTH:
                waiting.append((message.messages[number], value, stop))
            elif number in message.plain:
                _require_known(message, number, wire, network, value, stop)
            else:
                known = _FORBIDDEN.get((message.name, number))
                unknown = Message("network.unknown_part", name=message.name, number=number)
                raise NetworkError(Message(known) if known else unknown)
    if not nodes:
        raise NetworkError(Message("network.no_operators"))


def _require_known(message: _Message, number: int, wire: int, network: bytes, value: int, stop: int) -> None:
    """Refuse operators, domains and opsets that are not on the lists."""
    if (message, number) == (_OPSET, 2) and (wire != VARINT or value not in OPSETS):
        raise NetworkError(Message("network.opset", opset=value, least=min(OPSETS), most=max(OPSETS)))
    if (message, number) not in ((_NODE, 4), (_NODE, 7), (_OPSET, 1)):
        return
    text = ascii(network[value : min(stop, value + 100)].decode(errors="replace")) if wire == LENGTH else "?"
    if number == 4 and text[1:-1] not in OPERATORS:
        raise NetworkError(Message("network.operator", name=text))
    if number != 4 and text[1:-1] not in ("", "ai.onnx"):
        raise NetworkError(Message("network.domain", name=text))
