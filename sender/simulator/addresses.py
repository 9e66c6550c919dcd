"""Where requests come from. Every address of 127.0.0.0/8 is this machine's own, so a crowd fits into it.

People and machines never share a network, programs on the phone itself excepted: so the true kind of a hit can be told
from its network and what it says of itself (`ledger.HitKey`).
"""

from random import Random

_CARRIER_SHARE = 0.4
"""People behind the few addresses of their carrier, as thousands of phones are."""


def person_address(number: str) -> str:
    """A person's: 127.1 to 127.99 at home, 127.100 behind a carrier."""
    random = Random(f"{number}:address")  # noqa: S311 - a story, no secret.
    if random.random() < _CARRIER_SHARE:
        return f"127.100.{random.randrange(4)}.{random.randint(1, 8)}"
    return f"127.{random.randint(1, 99)}.{random.randrange(256)}.{random.randint(1, 254)}"


def machine_address(name: str, number: str) -> str:
    """A recognisable machine's: some data centre in 127.130 to 127.179."""
    return _data_centre(name, number, 130)


def disguised_address(name: str, number: str) -> str:
    """That of a machine in disguise: some data centre in 127.180 to 127.229."""
    return _data_centre(name, number, 180)


def till_address(shop: int) -> str:
    """Where a shop's tills are."""
    return f"127.240.{shop % 256}.1"


def _data_centre(name: str, number: str, first: int) -> str:
    site, machine = Random(name), Random(f"{name}:{number}")  # noqa: S311 - as above.
    return f"127.{first + site.randrange(50)}.{machine.randrange(4)}.{machine.randint(1, 254)}"
