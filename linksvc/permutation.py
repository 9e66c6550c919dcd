"""A keyed permutation of b-bit numbers: what makes links and promo codes unguessable yet unique by construction."""

from hashlib import blake2b

ROUNDS = 8


class Permutation:
    """A bijection on [0, 2**bits), of which nobody without the key can tell one value from another.

    An alternating Feistel network over keyed BLAKE2 (Black and Rogaway, "Ciphers with Arbitrary Finite Domains", 2002):
    even rounds mix the right part into the left, odd rounds the left into the right, so odd widths need no special case.
    """

    def __init__(self, key: bytes, bits: int) -> None:
        self.bits = bits
        self._right_bits = bits - bits // 2
        self._left_mask = (1 << (bits // 2)) - 1
        self._right_mask = (1 << self._right_bits) - 1
        # Copying a keyed hash object is several times faster than keying a new one for each round.
        self._rounds = [blake2b(key=key, digest_size=8, salt=bytes([i, bits])) for i in range(ROUNDS)]

    def _mix(self, i: int, half: int) -> int:
        state = self._rounds[i].copy()
        state.update(half.to_bytes(8, "big"))
        return int.from_bytes(state.digest(), "big")

    def permute(self, value: int) -> int:
        """The image of `value`. Raises ValueError outside [0, 2**bits)."""
        left, right = self._split(value)
        for i in range(0, ROUNDS, 2):
            left ^= self._mix(i, right) & self._left_mask
            right ^= self._mix(i + 1, left) & self._right_mask
        return left << self._right_bits | right

    def invert(self, value: int) -> int:
        """The number whose image is `value`. Raises ValueError outside [0, 2**bits)."""
        left, right = self._split(value)
        for i in range(ROUNDS - 2, -1, -2):
            right ^= self._mix(i + 1, left) & self._right_mask
            left ^= self._mix(i, right) & self._left_mask
        return left << self._right_bits | right

    def _split(self, value: int) -> tuple[int, int]:
        if not 0 <= value < 1 << self.bits:
            raise ValueError(f"{value} is not a number of {self.bits} bits")
        return value >> self._right_bits, value & self._right_mask
