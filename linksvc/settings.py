"""The settings: one frozen object, built once from the environment (`RICOCHET_*`). docs/settings.md lists the same table."""

from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from linksvc.database import parse_url
from linksvc.errors import ConfigurationError

LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")


class Settings(BaseSettings):
    """Each field is read from `RICOCHET_<NAME IN CAPITALS>`; its description is its documentation."""

    model_config = SettingsConfigDict(env_prefix="RICOCHET_", frozen=True, extra="forbid")

    data_dir: Path = Field(
        default=Path("data"), description="Folder of the embedded database, the secret key and the spools."
    )
    database_url: str = Field(
        default="", description="SQLAlchemy address of the database; empty means SQLite in the data directory."
    )
    secret_key: SecretStr = Field(
        default=SecretStr(""),
        description="At least 32 characters from which the keys of links, promo codes and sessions are derived. Empty: "
        "with SQLite a key is made in the data directory; with PostgreSQL the start is refused. Whoever loses it "
        "loses every link already sent.",
    )
    secret_key_file: Path | None = Field(
        default=None,
        description="File of secret keys, one a line, oldest first, for keys that are rotated (`ricochet secret rotate`): "
        "the last makes new links, each opens those it made. RICOCHET_SECRET_KEY wins over it.",
    )
    public_url: str = Field(
        default="http://localhost:8000", description="Where the API and the pages are reached from outside."
    )
    short_url: str = Field(
        default="http://localhost:8001", description="Where short links are reached; every link starts with it."
    )
    internal_host: str = Field(
        default="127.0.0.1",
        description="Address of the internal listeners, where processes tell their readiness and metrics. Never one that is "
        "reached from outside.",
    )
    trusted_proxies: Annotated[tuple[IPv4Network | IPv6Network, ...], NoDecode] = Field(
        default=(), description="Comma-separated networks whose X-Forwarded-For is believed."
    )
    route_secrets_dir: Path | None = Field(
        default=None,
        description="Folder of files named <route>.password; RICOCHET_ROUTE_<NAME>_PASSWORD wins over it. <route>.ca.pem "
        "holds the authorities that a route's certificate is verified by, if not the system's.",
    )
    spool_segment_bytes: int = Field(
        default=16_777_216,
        ge=4_096,
        description="Size at which a tracker closes a spool segment and opens the next, in bytes.",
    )
    spool_max_bytes: int = Field(
        default=4_294_967_296,
        description="Size of all spool segments of a host together beyond which hits are dropped and counted (redirects go "
        "on), in bytes. 4 GiB is some 15 million hits: an outage of the database of 40 hours at 100 hits a second.",
    )
    import_max_bytes: int = Field(
        default=67_108_864, ge=1_024, description="Largest contact file taken in one upload, in bytes."
    )
    api_requests_per_key: int = Field(
        default=6_000,
        ge=0,
        description="How often one API key may ask in a minute, each process that serves the API; 0: as often as it likes.",
    )
    api_requests_per_address: int = Field(
        default=12_000,
        ge=0,
        description="How often one network (/24, of IPv6 /64) may ask in a minute, each process that serves the API; 0: as "
        "often as it likes. Behind a proxy that RICOCHET_TRUSTED_PROXIES does not name, all callers are one network.",
    )
    webhook_networks: Annotated[tuple[IPv4Network | IPv6Network, ...], NoDecode] = Field(
        default=(),
        description="Comma-separated networks that webhooks may be sent to, and payment providers asked in, besides the "
        "internet, without TLS too: 127.0.0.0/8, ::1/128 to try them on this machine. Everybody who may add a webhook "
        "reaches what is in them.",
    )
    webhook_log_days: int = Field(
        default=30, ge=4, description="How long events and what came of sending them are kept to be sent again, in days."
    )
    idempotency_days: int = Field(
        default=30,
        ge=7,
        le=3_650,
        description="How long an answer is kept for repetitions of its Idempotency-Key, in days: at least as long as a "
        "till is ever offline.",
    )
    offline_grace_hours: int = Field(
        default=168,
        ge=1,
        le=8_760,
        description="How long ago a redemption may have happened that a till uploads because it was offline, in hours.",
    )
    session_hours: int = Field(default=12, ge=1, description="How long a signed-in browser stays signed in, in hours.")
    log_level: str = Field(default="INFO", description="Least level of the logs: DEBUG, INFO, WARNING or ERROR.")

    @field_validator("trusted_proxies", "webhook_networks", mode="before")
    @classmethod
    def _split_networks(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        return tuple(_network(part.strip()) for part in value.split(",") if part.strip())

    @field_validator("spool_max_bytes")
    @classmethod
    def _check_spool(cls, value: int, info: ValidationInfo) -> int:
        segment = info.data.get("spool_segment_bytes", 0)
        if value < 2 * segment:
            # A tracker's open segment must never be all of the spool: nothing could make room of it.
            raise ValueError(f"“{value}” is too small. It is at least twice RICOCHET_SPOOL_SEGMENT_BYTES, {2 * segment}.")
        return value

    @field_validator("database_url")
    @classmethod
    def _check_database(cls, value: str) -> str:
        if value:
            try:
                parse_url(value)
            except ConfigurationError as error:
                raise ValueError(str(error)) from None
        return value

    @field_validator("public_url", "short_url")
    @classmethod
    def _check_address(cls, value: str) -> str:
        if not _is_web_address(value):
            raise ValueError(
                f"“{value}” is no web address of a server. Write http:// or https:// and a host, with no user name, "
                "query or fragment, for example https://sms.example.com."
            )
        return value.rstrip("/")

    @field_validator("log_level")
    @classmethod
    def _check_level(cls, value: str) -> str:
        if value.upper() not in LOG_LEVELS:
            raise ValueError(f"“{value}” is no level of logs. It is one of {', '.join(LOG_LEVELS)}.")
        return value.upper()

    @property
    def database(self) -> str:
        """The database's address, the embedded default filled in."""
        return self.database_url or f"sqlite:///{(self.data_dir / 'ricochet.db').absolute()}"

    @property
    def spool_dir(self) -> Path:
        return self.data_dir / "spool"


def _network(text: str) -> IPv4Network | IPv6Network:
    try:
        return ip_network(text)
    except ValueError:
        raise ValueError(
            f"“{text}” is no network. Write networks separated by commas, each beginning with its first address, for "
            "example 10.0.0.0/8, ::1/128."
        ) from None


def _is_web_address(text: str) -> bool:
    if any(character in "?#@\\" or character.isspace() or not character.isprintable() for character in text):
        return False
    try:
        parts = urlsplit(text)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
