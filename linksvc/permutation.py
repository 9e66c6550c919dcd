"""A keyed permutation of b-bit numbers: what makes links and promo codes unguessable yet unique by construction."""

from hashlib import blake2b
from struct import Struct

ROUNDS = 8
MOST_BITS = 64

_pack = Struct(">I").pack
_unpack = Struct(">4xI").unpack
"""The low half of a digest's eight bytes."""


class Permutation:
    """A bijection on [0, 2**bits), of which nobody without the key can tell one value from another.

    An alternating Feistel network over keyed BLAKE2 (Black and Rogaway, "Ciphers with Arbitrary Finite Domains", 2002):
    even rounds mix the right part into the left, odd rounds the left into the right, so odd widths need no special case.

    Every redirect inverts a number, so the rounds are written for speed: a keyed hash object is copied, which is several
    times faster than keying a new one, and the four zero bytes that every part begins with (it has at most 32 of 64 bits)
    are hashed beforehand, which brings the key's block behind them.
    """

    def __init__(self, key: bytes, bits: int) -> None:
        if not 2 <= bits <= MOST_BITS:
            raise ValueError(f"a permutation of {bits} bits; it has 2 to {MOST_BITS}")
        self.bits = bits
        self._right_bits = bits - bits // 2
        self._left_mask = (1 << (bits // 2)) - 1
        self._right_mask = (1 << self._right_bits) - 1
        self._copies = [self._keyed(key, i).copy for i in range(ROUNDS)]
        self._backwards = list(reversed(self._copies))

    def _keyed(self, key: bytes, i: int) -> "blake2b":
        state = blake2b(key=key, digest_size=8, salt=bytes([i, self.bits]))
        state.update(bytes(4))
        return state

    def permute(self, value: int) -> int:
        """The image of `value`. Raises ValueError outside [0, 2**bits)."""
        left, right = self._split(value)
        left_mask, right_mask = self._left_mask, self._right_mask
        copies = iter(self._copies)
        for copy in copies:
            state = copy()
            state.update(_pack(right))
            left ^= _unpack(state.digest())[0] & left_mask
            state = next(copies)()
            state.update(_pack(left))
            right ^= _unpack(state.digest())[0] & right_mask
        return left << self._right_bits | right

    def invert(self, value: int) -> int:
        """The number whose image is `value`. Raises ValueError outside [0, 2**bits)."""
        left, right = self._split(value)
        left_mask, right_mask = self._left_mask, self._right_mask
        copies = iter(self._backwards)
        for copy in copies:
            state = copy()
            state.update(_pack(left))
            right ^= _unpack(state.digest())[0] & right_mask
            state = next(copies)()
            state.update(_pack(right))
            left ^= _unpack(state.digest())[0] & left_mask
        return left << self._right_bits | right

    def _split(self, value: int) -> tuple[int, int]:
        if not 0 <= value < 1 << self.bits:
            raise ValueError(f"{value} is not a number of {self.bits} bits")
        return value >> self._right_bits, value & self._right_mask
