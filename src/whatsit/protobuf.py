"""The fields of a protobuf message, without its description. ONNX files are such messages."""

from collections.abc import Iterator

from whatsit.errors import NetworkError
from whatsit.i18n import Message

VARINT, FIXED64, LENGTH, FIXED32 = 0, 1, 2, 5


def fields(data: bytes, at: int, end: int) -> Iterator[tuple[int, int, int, int]]:
    """The fields of the message between two places: number, wire type, where its bytes start (or its value),
    and stop. Raises NetworkError for damaged ones.
    """
    while at < end:
        key, at = varint(data, at, end)
        number, wire = key >> 3, key & 7
        value, stop = at, at
        if wire == VARINT:
            value, stop = varint(data, at, end)
        elif wire == LENGTH:
            size, value = varint(data, at, end)
            stop = value + size
        elif wire in (FIXED32, FIXED64):
            stop = at + (4 if wire == FIXED32 else 8)
        if stop > end or stop == at or not 0 < number < 1 << 29:
            raise NetworkError(Message("network.damaged"))
        yield number, wire, value, stop
        at = stop


def varint(data: bytes, at: int, end: int) -> tuple[int, int]:
    """A number of at most 64 bits, and where it ends. Raises NetworkError."""
    value = 0
    for place in range(at, min(at + 10, end)):
        value |= (data[place] & 0x7F) << 7 * (place - at)
        if data[place] < 0x80:
            return value & 0xFFFF_FFFF_FFFF_FFFF, place + 1
    raise NetworkError(Message("network.damaged"))
