"""How many submissions an SMSC takes in any second. For `intake`."""

from collections import deque
from math import ceil


class Limit:
    """Of all connections together; its rate may change from call to call."""

    def __init__(self) -> None:
        self._taken: deque[float] = deque()

    def allows(self, per_s: float, at_s: float) -> bool:
        """Whether one more may be taken at this moment (of a clock in seconds); it counts as taken then. 0: any number."""
        if per_s <= 0:
            return True
        most = ceil(per_s)
        while self._taken and at_s - self._taken[0] >= most / per_s:
            self._taken.popleft()
        if len(self._taken) >= most:
            return False
        self._taken.append(at_s)
        return True
