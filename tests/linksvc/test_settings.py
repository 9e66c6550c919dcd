from ipaddress import ip_network
from pathlib import Path

import pytest
from pydantic import ValidationError

from linksvc.settings import Settings

DOCS = Path(__file__).parent.parent.parent / "docs"


def test_every_setting_says_what_it_is_and_is_documented() -> None:
    page = (DOCS / "settings.md").read_text()
    for name, field in Settings.model_fields.items():
        assert field.description
        assert field.description.endswith(".")
        assert f"| `RICOCHET_{name.upper()}` |" in page
        assert field.description.replace("<", "\\<") in page


def test_settings_come_from_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("RICOCHET_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("RICOCHET_SHORT_URL", "https://lu.example/")
    monkeypatch.setenv("RICOCHET_TRUSTED_PROXIES", "10.0.0.0/8, ::1/128")
    settings = Settings()
    assert settings.database == f"sqlite:///{tmp_path / 'ricochet.db'}"
    assert settings.spool_dir == tmp_path / "spool"
    assert settings.short_url == "https://lu.example"
    assert settings.trusted_proxies == (ip_network("10.0.0.0/8"), ip_network("::1/128"))


def test_settings_do_not_change_and_are_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValidationError):
        Settings().log_level = "DEBUG"
    monkeypatch.setenv("RICOCHET_SESSION_HOURS", "0")
    with pytest.raises(ValidationError):
        Settings()


def test_the_secret_key_is_not_printed() -> None:
    assert "tell nobody" not in repr(Settings(secret_key="tell nobody tell nobody tell nobody"))


@pytest.mark.parametrize("name", ["public_url", "short_url"])
@pytest.mark.parametrize(
    "value",
    [
        "",
        "javascript:x",
        "notaurl",
        "ftp://sms.example",
        "https://",
        "https://sms.example?a=1",
        "https://sms.example/#x",
        "https://ana:secret@sms.example",
        "https://sms .example",
        "https://sms.example:99999",
        "https://sms.example:port",
    ],
)
def test_an_address_that_no_browser_could_open_is_refused(name: str, value: str) -> None:
    with pytest.raises(ValidationError, match="is no web address of a server"):
        Settings.model_validate({name: value})


@pytest.mark.parametrize("value", ["http://127.0.0.1:8001", "http://[::1]:8001", "https://lu.example/r"])
def test_addresses_of_servers_are_taken(value: str) -> None:
    assert Settings(public_url=f"{value}/").public_url == value


def test_log_levels_are_the_four_in_any_case() -> None:
    assert Settings(log_level="warning").log_level == "WARNING"
    with pytest.raises(ValidationError, match="“loud” is no level of logs"):
        Settings(log_level="loud")


@pytest.mark.parametrize("value", ["mysql://ana:secret@x/db", "garbage", "postgresql://host:port/db", "postgres://x/db"])
def test_only_sqlite_and_postgresql_are_taken_and_a_wrong_address_is_not_repeated(value: str) -> None:
    with pytest.raises(ValidationError) as refused:
        Settings(database_url=value)
    (error,) = refused.value.errors()
    assert "SQLite or PostgreSQL" in error["msg"]
    assert value not in error["msg"]


def test_networks_are_refused_by_their_own_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RICOCHET_TRUSTED_PROXIES", "10.0.0.0/8, foo")
    with pytest.raises(ValidationError, match="“foo” is no network"):
        Settings()
