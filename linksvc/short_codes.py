"""Short codes: what stands behind the slash of a link. A code is arithmetic, never a look-up (docs/flow.md, "a click")."""

from collections.abc import Mapping

from hashids import Hashids

from linksvc.keys import Keyring
from linksvc.permutation import Permutation

LENGTH = 11
SERIAL_BITS = 52
VERSIONS = 4
_SPAN = 1 << SERIAL_BITS


class ShortCodes:
    """Turns serials into codes and back: hashids(offset + key version . permute(serial)).

    The salt of hashids can be recovered from a few pairs, so what it encodes is already a keyed permutation. The offset
    puts every number in the range that hashids writes with exactly eleven characters.
    """

    def __init__(self, salt: bytes, keys: Mapping[int, bytes], current: int = 0) -> None:
        self._hashids = Hashids(salt=salt.hex())
        self._permutations = {version: Permutation(key, SERIAL_BITS) for version, key in keys.items()}
        self.current = current
        self._offset = len(self._hashids._alphabet) ** (LENGTH - 2)

    @classmethod
    def of(cls, keyring: Keyring) -> "ShortCodes":
        return cls(keyring.link_salt, {0: keyring.link})

    def encode(self, serial: int, version: int | None = None) -> str:
        """The code of `serial` under a key version (the current one unless told)."""
        version = self.current if version is None else version
        return str(self._hashids.encode(self._offset + version * _SPAN + self._permutations[version].permute(serial)))

    def decode(self, code: str) -> tuple[int, int] | None:
        """The (key version, serial) of a code, or None for what is no code of ours."""
        if len(code) != LENGTH or not code.isascii():
            return None
        numbers = self._hashids.decode(code)
        if len(numbers) != 1:
            return None
        version, sealed = divmod(numbers[0] - self._offset, _SPAN)
        permutation = self._permutations.get(version)
        return (version, permutation.invert(sealed)) if permutation else None
