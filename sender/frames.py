"""Tells the PDUs of a stream apart by the length that each begins with (SMPP v3.4, 3.2). For `sender.session`."""

from collections.abc import Iterator

from sender.pdus import MAX_PDU_BYTES, MIN_PDU_BYTES, FramingError


class Frames:
    """What was fed and is not whole yet is kept: never more than one PDU and what came with its end."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    @property
    def partial(self) -> bool:
        """Whether a PDU has begun of which the end is still to come."""
        return bool(self._buffer)

    def feed(self, data: bytes) -> Iterator[bytes]:
        """The PDUs that are whole with this, to be exhausted before more is fed.

        Raises FramingError at a length that no PDU has: nothing behind it can be told apart.
        """
        buffer = self._buffer
        buffer += data
        start, end = 0, len(buffer)
        try:
            while end - start >= 4:
                length = int.from_bytes(buffer[start : start + 4], "big")
                if not MIN_PDU_BYTES <= length <= MAX_PDU_BYTES:
                    raise FramingError(f"a PDU of {length} bytes was announced")
                if end - start < length:
                    break
                start += length
                yield bytes(buffer[start - length : start])
        finally:
            del buffer[:start]
