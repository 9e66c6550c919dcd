"""Routes: the operators' accounts, where each may be used, what it costs and how its sessions fare."""

from datetime import datetime

from sqlmodel import Field, SQLModel

from linksvc.models.columns import big, key, moment, serial_key


class Route(SQLModel, table=True):
    """An operator's SMSC account; its password is never stored here. `state`: idle, bound, failing, refused, unreachable;
    it, `error` and `state_at` sum up the route's binds."""

    __tablename__ = "route"
    id: int | None = serial_key()
    name: str = Field(unique=True)
    host: str
    port: int
    system_id: str
    system_type: str = ""
    bind_type: str = "transceiver"
    """transceiver, or pair: a transmitter and a receiver."""
    binds: int = 1
    """How many sessions (or pairs) are held at once, each by one process."""
    tls: bool = False
    tls_name: str = ""
    """The name that its certificate must be for; empty: the host's."""
    window_size: int = 10
    rate_per_s: int = 100
    alphabet: str = "gsm"
    """What data_coding 0 means: gsm, latin1, ascii, utf8."""
    data_codings: str = "{}"
    """What other codings of inbound messages mean, as a JSON object: {"3": "latin1"}."""
    answer_id: str = "auto"
    """How message ids are written, in answers, receipts and their TLVs: auto, text, hex, decimal."""
    receipt_id: str = "auto"
    tlv_id: str = "auto"
    receipt_timezone: str = "UTC"
    """IANA; of dates in receipts that name no offset."""
    number_country: str = ""
    """ISO 3166: how inbound national numbers are read."""
    numbering: str = "{}"
    """TON and NPI by kind of address, as JSON: {"short": [3, 0]}; also alphanumeric, long, recipient."""
    long_form: str = "udh8"
    """How a long text is cut: udh8, udh16, sar, payload."""
    max_tries: int = 10
    """How often, and for how long, a part is handed over again after temporary refusals."""
    max_age_s: int = 86_400
    enabled: bool = True
    state: str = "idle"
    error: str = ""
    """Why it is refused or unreachable, in words for the campaign's page."""
    state_at: datetime | None = moment()
    created_at: datetime
    removed_at: datetime | None = moment()
    """When it was taken out of use for good; its row stays for the messages that went by it."""


class Bind(SQLModel, table=True):
    """One session of a route as its holder tells it. Who holds it stands in `lease`."""

    __tablename__ = "bind"
    route_id: int = key("route.id")
    number: int = key()
    """From 0."""
    state: str = "idle"
    error: str = ""
    state_at: datetime | None = moment()
    present_rate_milli: int = big()
    """Parts in 1,000 s, as throttling leaves it."""
    accepted: int = big()
    """In the last five minutes, as are the next four."""
    refused: int = big()
    retried: int = big()
    unanswered: int = big()
    latency_ms: int = 0
    updated_at: datetime | None = moment()


class RouteCoverage(SQLModel, table=True):
    """Where a route may be used and how much of it. A route without a row is used everywhere, with weight 100."""

    __tablename__ = "route_coverage"
    route_id: int = key("route.id")
    country: str = Field(primary_key=True)
    """ISO 3166; empty: any."""
    network: str = Field(primary_key=True)
    """Empty: any."""
    weight: int = 100
    """0: used only when all others fail."""


class RoutePrice(SQLModel, table=True):
    """What a part costs from a moment on. Of the rows that have begun the most exact one holds, then the latest."""

    __tablename__ = "route_price"
    route_id: int = key("route.id")
    country: str = Field(primary_key=True)
    """ISO 3166; empty: any."""
    network: str = Field(primary_key=True)
    """Empty: any."""
    starts_at: datetime = Field(primary_key=True)
    currency: str
    price_micros: int = big()
    """In millionths of the currency's unit."""


class RouteError(SQLModel, table=True):
    """What an operator's own code means. `source`: submit (a command status, hex) or receipt (its `err`)."""

    __tablename__ = "route_error"
    route_id: int = key("route.id")
    source: str = Field(primary_key=True)
    code: str = Field(primary_key=True)
    cause: str
    temporary: bool = False
    max_tries: int = 0
    """0: the route's."""
    wait_s: int = 0
