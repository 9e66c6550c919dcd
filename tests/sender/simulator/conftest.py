from collections.abc import Iterator

import pytest

from sender.simulator.till import ShopAccess
from tests.sender.simulator.small_web import SmallWeb, serve_small_web


@pytest.fixture(scope="package")
def small_web_server() -> Iterator[SmallWeb]:
    with serve_small_web() as web:
        yield web


@pytest.fixture
def small_web(small_web_server: SmallWeb) -> SmallWeb:
    """A short domain and a shop on real HTTP, which have seen nothing yet."""
    small_web_server.forget()
    return small_web_server


@pytest.fixture
def shop(small_web: SmallWeb) -> ShopAccess:
    """A key to the small web's shop."""
    return ShopAccess(small_web.url, ("rk_live_small_web",))
