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
