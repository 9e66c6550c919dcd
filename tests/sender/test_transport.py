"""The way to an SMSC: which certificates are believed, which addresses are tried."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from linksvc.errors import ConfigurationError
from sender.connection import open_connection
from sender.pdus import Status
from sender.session import Timers
from sender.session_errors import Unreachable
from sender.transport import Account, connect
from tests.sender.certificates import Authority
from tests.sender.scripted_smsc import ScriptedSmsc, scripted_smsc
from tests.sender.waiting import submit, take_nothing

TIMERS = Timers(connect_s=5.0, response_s=5.0)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority.make(tmp_path_factory.mktemp("authority"))


@asynccontextmanager
async def smsc_with(certificate: ssl.SSLContext) -> AsyncIterator[ScriptedSmsc]:
    """An SMSC behind TLS. A client that hangs up during the handshake is no news to the event loop's handler."""
    asyncio.get_running_loop().set_exception_handler(lambda *_: None)
    async with scripted_smsc(tls=certificate) as smsc:
        yield smsc


def account(smsc: ScriptedSmsc, **fields: object) -> Account:
    values: dict[str, object] = {"host": "127.0.0.1", "port": smsc.port, "system_id": "ricochet", "password": "secret"}
    return Account(**(values | fields))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "told"),
    [("smsc.example", "smsc.example"), ("*.smsc.example", "a.smsc.example"), ("127.0.0.1", "")],
)
async def test_a_certificate_of_the_right_name_is_believed(authority: Authority, name: str, told: str) -> None:
    async with smsc_with(authority.server(name)) as smsc:
        secured = account(smsc, tls=True, tls_name=told, authority=authority.certificate)
        connection = await open_connection(secured, take_nothing, TIMERS)
        answer = await submit(connection, {"destination_addr": "33639980001", "short_message": b"a"})
        assert answer.status == Status.OK
        await connection.unbind()
    assert [pdu.text("password") for pdu in smsc.binds] == ["secret"]


@pytest.mark.parametrize(
    ("name", "expired", "reason"),
    [("other.example", False, "not valid for 'smsc.example'"), ("smsc.example", True, "certificate has expired")],
)
async def test_no_password_goes_to_a_certificate_of_another_name_or_time(
    authority: Authority, name: str, expired: bool, reason: str
) -> None:
    async with smsc_with(authority.server(name, expired=expired)) as smsc:
        secured = account(smsc, tls=True, tls_name="smsc.example", authority=authority.certificate)
        with pytest.raises(Unreachable, match=f"its certificate is not trusted .*{reason}"):
            await open_connection(secured, take_nothing, TIMERS)
    assert smsc.binds == []


async def test_an_authority_that_the_machine_does_not_know_is_not_believed_unless_told(authority: Authority) -> None:
    async with smsc_with(authority.server("127.0.0.1")) as smsc:
        with pytest.raises(Unreachable, match="its certificate is not trusted"):
            await connect(account(smsc, tls=True), 5.0)
        with pytest.raises(Unreachable, match="did not answer the bind"):
            await open_connection(account(smsc), take_nothing, Timers(connect_s=0.5))
    assert smsc.binds == []


async def test_tls_with_a_peer_that_speaks_none_is_unreachable(authority: Authority) -> None:
    async with scripted_smsc() as smsc:
        with pytest.raises(Unreachable, match="No connection to 127"):
            await connect(account(smsc, tls=True, authority=authority.certificate), 5.0)


async def test_an_authority_that_cannot_be_read_is_told_to_the_operator(tmp_path: Path) -> None:
    broken = tmp_path / "main.ca.pem"
    broken.write_text("no certificate")
    async with scripted_smsc() as smsc:
        for file in (broken, tmp_path / "missing.pem"):
            with pytest.raises(ConfigurationError, match=r"a file in PEM form is needed"):
                await connect(account(smsc, tls=True, authority=file), 5.0)


def _has_ipv6() -> bool:
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6):
            return True
    except OSError:
        return False


@pytest.mark.skipif(not _has_ipv6(), reason="this machine has no IPv6")
async def test_an_smsc_is_reached_by_ipv6(authority: Authority) -> None:
    async with scripted_smsc(host="::1", tls=authority.server("::1")) as smsc:
        secured = account(smsc, host="::1", tls=True, authority=authority.certificate)
        connection = await open_connection(secured, take_nothing, TIMERS)
        await connection.unbind()
        port = smsc.port
    assert len(smsc.binds) == 1
    with pytest.raises(Unreachable, match=rf"No connection to \[::1\]:{port}: "):
        await connect(secured, 5.0)


async def test_all_addresses_of_a_host_are_tried() -> None:
    # "localhost" is ::1 first on many machines, and nothing listens there.
    async with scripted_smsc() as smsc:
        connection = await open_connection(account(smsc, host="localhost"), take_nothing, TIMERS)
        await connection.close()


@pytest.mark.parametrize("host", ["a..example", "x" * 64 + ".example", "no-such-host.invalid"])
async def test_a_host_that_is_none_is_unreachable(host: str) -> None:
    async with scripted_smsc() as smsc:
        with pytest.raises(Unreachable, match="No connection to"):
            await connect(account(smsc, host=host), 5.0)


async def test_a_port_at_which_nobody_listens_is_told_in_words() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        nobody = Account("127.0.0.1", server.getsockname()[1], "ricochet", "secret")
    with pytest.raises(Unreachable, match=rf"^No connection to {nobody.address}: connection refused\.$"):
        await connect(nobody, 5.0)


async def test_a_peer_that_accepts_and_is_silent_is_left_in_time() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        silent = Account("127.0.0.1", server.getsockname()[1], "ricochet", "secret", tls=True)
        with pytest.raises(Unreachable, match="it timed out"):
            await connect(silent, 0.2)


def test_an_account_shows_no_password() -> None:
    assert "secret" not in repr(Account("127.0.0.1", 2775, "ricochet", "secret"))
