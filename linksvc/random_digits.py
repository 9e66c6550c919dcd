"""Digits for ids that nobody can guess. Drawn from the system for many ids at once: to ask it for each lets go of the
interpreter's lock, and in a busy process it takes milliseconds to get it back.

Called by `linksvc.public_ids`, the ledger and the API's request ids.
"""

import os
from collections import deque

DIGITS = 32
AT_ONCE = 256

_drawn: deque[str] = deque()

# A child that went on with its parent's digits would make its parent's ids.
os.register_at_fork(after_in_child=_drawn.clear)


def draw_digits() -> str:
    """128 random bits as hexadecimal digits. For any number of threads."""
    while True:
        try:
            return _drawn.pop()
        except IndexError:
            many = os.urandom(AT_ONCE * DIGITS // 2).hex()
            _drawn.extend(many[first : first + DIGITS] for first in range(0, len(many), DIGITS))
