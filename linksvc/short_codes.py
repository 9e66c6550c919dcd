"""Short codes: what stands behind the slash of a link. A code is arithmetic, never a look-up (docs/flow.md, "a click")."""

from collections.abc import Mapping, Sequence

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

    For one number, hashids' alphabet depends on the salt and on the first character alone: so a code is read and written by
    table, ten times faster than by `Hashids`, and it is the same.
    """

    def __init__(self, salt: bytes, keys: Mapping[int, bytes], current: int = 0) -> None:
        self._hashids = Hashids(salt=salt.hex())
        self._permutations = {version: Permutation(key, SERIAL_BITS) for version, key in keys.items()}
        self.current = current
        alphabet = self._hashids._alphabet
        self._firsts = alphabet
        self._first_bytes = alphabet.encode()
        self._base = len(alphabet)
        self._square = self._base**2
        self._offset = self._base ** (LENGTH - 2)
        self._orders = {first: self._order_behind(first, salt.hex()) for first in alphabet}
        self._digits = {ord(first): _values_of(order) for first, order in self._orders.items()}

    @classmethod
    def of(cls, keyring: Keyring) -> "ShortCodes":
        return cls(keyring.link_salt, dict(enumerate(keyring.links)), keyring.version)

    def encode(self, serial: int, version: int | None = None) -> str:
        """The code of `serial` under a key version (the newest one unless told)."""
        version = self.current if version is None else version
        return self._write(self._offset + version * _SPAN + self._permutations[version].permute(serial))

    def encode_all(self, serials: Sequence[int], version: int) -> list[str]:
        """The codes of many serials, as `encode` makes them one by one, in less time."""
        offset = self._offset + version * _SPAN
        return [self._write(offset + sealed) for sealed in self._permutations[version].permute_all(serials)]

    def _write(self, number: int) -> str:
        # hashids takes the first character from the number, modulo 100.
        first = self._firsts[number % 100 % self._base]
        order, base = self._orders[first], self._base
        characters = []
        for _ in range(LENGTH - 1):
            number, digit = divmod(number, base)
            characters.append(order[digit])
        characters.append(first)
        return "".join(reversed(characters))

    def decode(self, code: str) -> tuple[int, int] | None:
        """The (key version, serial) of a code, or None for what is no code of ours."""
        # Beyond ASCII there is no digit, and not every text can be encoded.
        return self.decode_bytes(code.encode()) if code.isascii() else None

    def decode_bytes(self, code: bytes) -> tuple[int, int] | None:
        """The same of a code as it comes in a request."""
        if len(code) != LENGTH:
            return None
        table = self._digits.get(code[0])
        if table is None:
            return None
        digits = code.translate(table)
        if NO_DIGIT in digits:
            return None
        # The first character says by which table the others are read, and stands for no digit.
        _, a, b, c, d, e, f, g, h, i, j = digits
        base, square = self._base, self._square
        # Two digits at a time: long numbers are multiplied half as often.
        number = (a * base + b) * square + c * base + d
        number = (number * square + e * base + f) * square + g * base + h
        number = number * square + i * base + j
        # Any other first character is not how the number would be written.
        if code[0] != self._first_bytes[number % 100 % base]:
            return None
        sealed = number - self._offset
        version = sealed >> SERIAL_BITS
        permutation = self._permutations.get(version)
        return (version, permutation.invert(sealed & _MASK)) if permutation else None

    def _order_behind(self, first: str, salt: str) -> str:
        """The digits behind a first character, by their values."""
        alphabet = self._hashids._alphabet
        return str(_reorder(alphabet, (first + salt + alphabet)[: self._base]))


def _values_of(order: str) -> bytes:
    """The value of every byte as a digit; NO_DIGIT for those that are none."""
    values = {ord(character): value for value, character in enumerate(order)}
    return bytes(values.get(byte, NO_DIGIT) for byte in range(256))
