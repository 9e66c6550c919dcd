"""Short codes: what stands behind the slash of a link. A code is arithmetic, never a look-up (docs/flow.md, "a click")."""

from collections.abc import Mapping

from hashids import Hashids, _reorder

from linksvc.keys import Keyring
from linksvc.permutation import Permutation

LENGTH = 11
SERIAL_BITS = 52
_SPAN = 1 << SERIAL_BITS
_MASK = _SPAN - 1
NO_DIGIT = 255


class ShortCodes:
    """Turns serials into codes and back: hashids(offset + key version . permute(serial)).

    The salt of hashids can be recovered from a few pairs, so what it encodes is already a keyed permutation. The offset
    puts every number in the range that hashids writes with exactly eleven characters.

    For one number, hashids' alphabet depends on the salt and on the first character alone: so a code is read by table,
    which a tracker does ten times faster than `Hashids.decode`, and what it reads is the same.
    """

    def __init__(self, salt: bytes, keys: Mapping[int, bytes], current: int = 0) -> None:
        self._hashids = Hashids(salt=salt.hex())
        self._permutations = {version: Permutation(key, SERIAL_BITS) for version, key in keys.items()}
        self.current = current
        alphabet = self._hashids._alphabet
        self._firsts = alphabet
        self._base = len(alphabet)
        self._square = self._base**2
        self._offset = self._base ** (LENGTH - 2)
        self._digits = {first: self._digits_behind(first, salt.hex()) for first in alphabet}

    @classmethod
    def of(cls, keyring: Keyring) -> "ShortCodes":
        return cls(keyring.link_salt, dict(enumerate(keyring.links)), keyring.version)

    def encode(self, serial: int, version: int | None = None) -> str:
        """The code of `serial` under a key version (the newest one unless told)."""
        version = self.current if version is None else version
        return str(self._hashids.encode(self._offset + version * _SPAN + self._permutations[version].permute(serial)))

    def decode(self, code: str) -> tuple[int, int] | None:
        """The (key version, serial) of a code, or None for what is no code of ours."""
        number = self._read(code)
        if number is None:
            return None
        sealed = number - self._offset
        version = sealed >> SERIAL_BITS
        permutation = self._permutations.get(version)
        return (version, permutation.invert(sealed & _MASK)) if permutation else None

    def _digits_behind(self, first: str, salt: str) -> bytes:
        """The value of every byte as a digit behind a first character; NO_DIGIT for those that are none."""
        alphabet = self._hashids._alphabet
        order = _reorder(alphabet, (first + salt + alphabet)[: self._base])
        values = {ord(character): value for value, character in enumerate(order)}
        return bytes(values.get(byte, NO_DIGIT) for byte in range(256))

    def _read(self, code: str) -> int | None:
        if len(code) != LENGTH or not code.isascii():
            return None
        table = self._digits.get(code[0])
        if table is None:
            return None
        digits = code[1:].encode().translate(table)
        if NO_DIGIT in digits:
            return None
        a, b, c, d, e, f, g, h, i, j = digits
        base, square = self._base, self._square
        # Two digits at a time: long numbers are multiplied half as often.
        number = (a * base + b) * square + c * base + d
        number = (number * square + e * base + f) * square + g * base + h
        number = number * square + i * base + j
        # hashids takes the first character from the number (modulo 100): any other is not how it would write it.
        return number if code[0] == self._firsts[number % 100 % base] else None
