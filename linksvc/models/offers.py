"""Offers with their limits, promo codes, what reserves and uses them, and their ledger: keyed by workspace and code."""

from datetime import datetime

from sqlalchemy import CheckConstraint, Index, text
from sqlmodel import Field, SQLModel

from linksvc.models.columns import Big, big, key, moment, reference, serial_key

_LIVE = text("state = 'held'")
_UNVOIDED = text("voided_at IS NULL AND NOT accepted_duplicate")
_REFUSED = text("action = 'refused'")
_UNDEALT = text("import_id IS NOT NULL AND campaign_id IS NULL")


class Offer(SQLModel, table=True):
    """What a code is worth. `kind`: percentage (`value` in basis points), amount (`value` in minor units), free_delivery,
    gift."""

    __tablename__ = "offer"
    __table_args__ = (Index("ix_offer_workspace", "workspace_id"),)
    id: int | None = serial_key()
    workspace_id: int = reference("workspace.id")
    name: str
    kind: str
    value: int = big()
    cap_minor: int = big()
    """The most that a percentage or a delivery takes off; 0: any amount."""
    gift: str = ""
    """What is given, in words."""
    currency: str
    minimum_minor: int = big()
    uses_per_code: int = 1
    uses_per_contact: int = 0
    """Over all codes of the offer; 0 here and in the next two: no limit."""
    uses_in_all: int = big()
    budget_minor: int = big()
    """The most that all its discounts may come to."""
    stackable: bool = False
    """Whether other codes may be used on the same order."""
    timezone: str = "UTC"
    """The IANA zone its window was written in."""
    days_after_delivery: int = 0
    """A code ends with this local day after its message was delivered; 0: it does not."""
    starts_at: datetime
    ends_at: datetime | None = moment()
    shared_code: str = ""
    """The one code, normalised, that everybody may use; empty without one."""
    generated: int = big()
    """How many codes were made for it that belong to no message: counted here, for its codes may be millions."""
    withdrawn_at: datetime | None = moment()
    """None of its codes is taken from then on."""
    created_at: datetime


class OfferShop(SQLModel, table=True):
    """A shop that an offer is good in; an offer without any is good in all."""

    __tablename__ = "offer_shop"
    workspace_id: int = key("workspace.id")
    offer_id: int = key("offer.id")
    shop_id: int = key("shop.id")


class OfferBudget(SQLModel, table=True):
    """A share of what is left of an offer's limits, so that no row is one that every till waits for
    (`linksvc.offer_budgets`)."""

    __tablename__ = "offer_budget"
    __table_args__ = (CheckConstraint("uses_left >= 0 AND minor_left >= 0", name="ck_offer_budget_left"),)
    workspace_id: int = key()
    offer_id: int = key()
    shard: int = key()
    uses_left: int = big()
    minor_left: int = big()


class ContactUse(SQLModel, table=True):
    """How often somebody used an offer that is limited per contact. `subject`: `linksvc.contact_uses`."""

    __tablename__ = "contact_use"
    __table_args__ = (CheckConstraint("used >= 0", name="ck_contact_use_used"),)
    workspace_id: int = key()
    offer_id: int = key()
    subject: str = Field(primary_key=True)
    used: int


class PromoCode(SQLModel, table=True):
    """A code and how often it was used. Everything a redemption must know stands in this one row.

    `source`: generated, imported, or shared by all."""

    __tablename__ = "promo_code"
    __table_args__ = (
        CheckConstraint("used >= 0 AND held >= 0", name="ck_promo_code_uses"),
        # What an offer's lists hold and no message got yet.
        Index(
            "ix_promo_code_undealt",
            "workspace_id",
            "offer_id",
            "import_id",
            "code",
            sqlite_where=_UNDEALT,
            postgresql_where=_UNDEALT,
        ),
        {"sqlite_with_rowid": False},
    )
    workspace_id: int = key()
    code: str = Field(primary_key=True)
    """Normalised: see `linksvc.promo_codes.normalise`."""
    offer_id: int = reference()
    campaign_id: int | None = reference(default=None)
    n: int | None = reference(default=None)
    source: str = "generated"
    import_id: int | None = reference(default=None)
    """The list it came with."""
    written: str = ""
    """As its list writes it, where `linksvc.promo_codes.display` would show another form; empty otherwise."""
    max_uses: int = 1
    used: int = 0
    held: int = 0
    """Uses that holds reserve. used + held is never more than max_uses."""
    disabled: bool = False


class CodeImport(SQLModel, table=True):
    """A list of codes that was imported into an offer. `state`: running, finished, undone.

    Its codes are dealt to messages once it is finished; an undone import has left nothing."""

    __tablename__ = "code_import"
    __table_args__ = (Index("ix_code_import_offer", "workspace_id", "offer_id"),)
    id: int | None = serial_key()
    workspace_id: int = reference("workspace.id")
    offer_id: int = reference("offer.id")
    file_name: str
    state: str = "running"
    added: int = 0
    created_at: datetime
    finished_at: datetime | None = moment()


class CodeHold(SQLModel, table=True):
    """A use of a code that is reserved for a basket. `state`: held, redeemed, released, expired."""

    __tablename__ = "code_hold"
    __table_args__ = (
        Index(
            "ux_code_hold_key",
            "workspace_id",
            "code",
            "shop_id",
            "key",
            unique=True,
            sqlite_where=_LIVE,
            postgresql_where=_LIVE,
        ),
        Index("ix_code_hold_id", "workspace_id", "id"),
        # Those whose time is over.
        Index("ix_code_hold_live", "expires_at", sqlite_where=_LIVE, postgresql_where=_LIVE),
    )
    workspace_id: int = key()
    code: str = Field(primary_key=True)
    id: str = Field(primary_key=True)
    """`hld_` and a UUID."""
    offer_id: int = reference()
    shop_id: int = reference()
    key_id: int = reference()
    key: str
    """The caller's own name for the basket."""
    order_ref: str = ""
    order_minor: int = big()
    discount_minor: int = big()
    currency: str = ""
    customer_ref: str = ""
    budget_uses: int = 0
    budget_minor: int = big()
    """What it reserves of the offer's limits ..."""
    subject: str = ""
    """... and of whose; empty: of nobody's."""
    state: str = "held"
    expires_at: datetime
    created_at: datetime


class Redemption(SQLModel, table=True):
    """A code that was used on an order. What happens to it afterwards changes this row and appends to the ledger."""

    __tablename__ = "redemption"
    __table_args__ = (
        Index(
            "ux_redemption_order",
            "workspace_id",
            "code",
            "shop_id",
            "order_ref",
            unique=True,
            sqlite_where=_UNVOIDED,
            postgresql_where=_UNVOIDED,
        ),
        Index("ix_redemption_id", "workspace_id", "id"),
        Index("ix_redemption_order_ref", "workspace_id", "shop_id", "order_ref"),
        # Listed by time: of a shop, of a workspace.
        Index("ix_redemption_shop_time", "workspace_id", "shop_id", "recorded_at", "id"),
        Index("ix_redemption_time", "workspace_id", "recorded_at", "id"),
    )
    workspace_id: int = key()
    code: str = Field(primary_key=True)
    id: str = Field(primary_key=True)
    """`rdm_` and a UUID."""
    offer_id: int = reference()
    shop_id: int = reference()
    store_id: int | None = reference(default=None)
    key_id: int = reference()
    order_ref: str
    order_minor: int = big()
    discount_minor: int = big()
    paid_minor: int = big()
    returned_minor: int = big()
    """Of what was paid."""
    currency: str
    customer_ref: str = ""
    subject: str = ""
    """Whose limit it counts against; empty: nobody's."""
    campaign_id: int | None = reference(default=None)
    n: int | None = reference(default=None)
    hold_id: str = ""
    offline: bool = False
    """The till was offline and told it later."""
    accepted_duplicate: bool = False
    """The code had no use left, but the customer has had the discount: it counts as revenue and takes no use."""
    occurred_at: datetime
    recorded_at: datetime
    voided_at: datetime | None = moment()


class LedgerEntry(SQLModel, table=True):
    """One step in a code's life, append-only. `action`: held, released, expired, redeemed, returned, voided, refused.

    The steps of all entries of a code add up to its `used` and `held`."""

    __tablename__ = "code_ledger"
    __table_args__ = (
        # Failed attempts of a shop.
        Index(
            "ix_code_ledger_refused",
            "workspace_id",
            "shop_id",
            "recorded_at",
            sqlite_where=_REFUSED,
            postgresql_where=_REFUSED,
        ),
        {"sqlite_with_rowid": False},
    )
    workspace_id: int = key()
    code: str = Field(primary_key=True)
    """As normalised, whether it exists or not: a guess leaves a trace too."""
    id: str = Field(primary_key=True)
    action: str
    reason: str = ""
    shop_id: int | None = reference(default=None)
    key_id: int = reference()
    redemption_id: str = ""
    hold_id: str = ""
    order_ref: str = ""
    order_minor: int = Field(default=0, sa_type=Big)
    discount_minor: int = Field(default=0, sa_type=Big)
    amount_minor: int = big()
    """What a return or a void took from the revenue."""
    currency: str = ""
    used_step: int = 0
    held_step: int = 0
    occurred_at: datetime
    recorded_at: datetime


class IdempotencyRecord(SQLModel, table=True):
    """The first answer to a request, given again to its repetition. `scope`: the shop, or the workspace's own keys."""

    __tablename__ = "idempotency_record"
    __table_args__ = (
        # Those that are old enough to be forgotten.
        Index("ix_idempotency_record_time", "created_at"),
    )
    scope: str = Field(primary_key=True)
    key: str = Field(primary_key=True)
    fingerprint: str
    status: int
    body: str
    created_at: datetime
