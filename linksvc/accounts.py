"""Workspaces, the people in them, and how they prove who they are. The pages and the command line call it."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache

from pwdlib import PasswordHash
from pwdlib.exceptions import UnknownHashError
from sqlmodel import Session, col, delete, select, update

from linksvc.database import insert_into, insert_new
from linksvc.errors import Conflict, FieldError, InvalidRequest, NotFound
from linksvc.models import Member, SignInLink, User, Workspace
from linksvc.names import check_name

PASSWORD_LEAST = 10
PASSWORD_MOST = 1_000
"""In characters. Hashing is made to be slow, so nobody may hand in a book."""

LANGUAGES = ("en", "fr")
"""What the pages speak."""

_EMAIL_MOST = 254


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A user and the workspace they work in."""

    user_id: int
    email: str
    language: str
    workspace_id: int
    workspace_name: str
    timezone: str
    currency: str


def ensure_workspace(session: Session, name: str, now: datetime) -> int:
    """The id of the workspace of that name, made when there is none yet. Raises InvalidRequest for an unusable name."""
    name = check_name(name)
    insert_new(session, Workspace, [{"name": name, "timezone": "Europe/Paris", "currency": "EUR", "created_at": now}])
    return int(session.exec(select(Workspace.id).where(col(Workspace.name) == name)).one() or 0)


def set_quiet_times(session: Session, workspace_id: int, *, hours: bool, holidays: bool) -> None:
    """Whether the workspace's marketing messages keep to the hours and the holidays of their recipients' countries
    (`linksvc.quiet_hours`). Messages that wait already stay until their time."""
    mine = update(Workspace).where(col(Workspace.id) == workspace_id)
    session.exec(mine.values(quiet_hours=hours, quiet_holidays=holidays))


def create_user(
    session: Session, email: str, password: str | None, workspace_id: int, now: datetime, language: str = "en"
) -> int:
    """Adds a user to a workspace; without a password only a one-time link lets them in.

    Raises InvalidRequest for an unusable e-mail address, password or language, NotFound for an unknown workspace, Conflict
    (`user_exists`) when the address is taken.
    """
    email = _check_email(email)
    password_hash = _hasher().hash(_check_password_length(password)) if password is not None else ""
    if language not in LANGUAGES:
        raise InvalidRequest(f"The language is one of {', '.join(LANGUAGES)}.")
    if session.get(Workspace, workspace_id) is None:
        raise NotFound("There is no such workspace.")
    statement = insert_into(session, User).values(
        email=email, password_hash=password_hash, language=language, created_at=now
    )
    user_id = session.connection().execute(statement.on_conflict_do_nothing().returning(User.__table__.c.id)).scalar()  # type: ignore[attr-defined]
    if user_id is None:
        raise Conflict(f"There is already a user {email}.", code="user_exists")
    session.add(Member(workspace_id=workspace_id, user_id=user_id))
    session.flush()
    return int(user_id)


def check_password(session: Session, email: str, password: str) -> SignedIn | None:
    """The user whose address and password these are, or None.

    An unknown address costs as much work as a known one, so that the time of an answer does not tell them apart.
    """
    decoy = _decoy_hash()
    if len(password) > PASSWORD_MOST:
        return None
    user = _find_user(session, email)
    try:
        matches = _hasher().verify(password, user.password_hash if user and user.password_hash else decoy)
    except UnknownHashError:
        matches = False
    return find_signed_in(session, user.id or 0) if user and user.password_hash and matches else None


def find_signed_in(session: Session, user_id: int) -> SignedIn | None:
    """The user with the workspace they joined first, or None when there is no such user any more."""
    row = session.exec(
        select(User, Workspace)
        .join(Member, col(Member.user_id) == col(User.id))
        .join(Workspace, col(Workspace.id) == col(Member.workspace_id))
        .where(col(User.id) == user_id)
        .order_by(col(Workspace.id))
        .limit(1)
    ).first()
    if row is None:
        return None
    user, workspace = row
    return SignedIn(
        user_id=user_id,
        email=user.email,
        language=user.language,
        workspace_id=workspace.id or 0,
        workspace_name=workspace.name,
        timezone=workspace.timezone,
        currency=workspace.currency,
    )


def make_sign_in_link(session: Session, user_id: int, now: datetime, lasts: timedelta = timedelta(hours=1)) -> str:
    """A token that signs the user in once; only its hash is kept. Tokens of theirs that ran out are forgotten."""
    token = secrets.token_urlsafe(32)
    session.exec(delete(SignInLink).where(col(SignInLink.user_id) == user_id, col(SignInLink.expires_at) <= now))
    session.add(SignInLink(token_hash=_token_hash(token), user_id=user_id, expires_at=now + lasts))
    session.flush()
    return token


def use_sign_in_link(session: Session, token: str, now: datetime) -> SignedIn | None:
    """The user of a token, which is spent by this; None for one that is unknown, spent or too old."""
    user_id = session.exec(
        update(SignInLink)
        .where(
            col(SignInLink.token_hash) == _token_hash(token),
            col(SignInLink.used_at).is_(None),
            col(SignInLink.expires_at) > now,
        )
        .values(used_at=now)
        .returning(col(SignInLink.user_id))
    ).scalar()
    return find_signed_in(session, user_id) if user_id is not None else None


def _find_user(session: Session, email: str) -> User | None:
    email = email.strip().lower()
    if len(email) > _EMAIL_MOST or not email.isprintable():
        return None
    return session.exec(select(User).where(col(User.email) == email)).first()


def _check_email(email: str) -> str:
    email = email.strip().lower()
    name, at, domain = email.rpartition("@")
    if not (name and at and domain) or len(email) > _EMAIL_MOST or not email.isprintable() or " " in email:
        message = "An e-mail address such as ana@example.com is asked for."
        raise InvalidRequest(message, errors=(FieldError("email", message),))
    return email


def _check_password_length(password: str) -> str:
    if not PASSWORD_LEAST <= len(password) <= PASSWORD_MOST:
        message = f"A password has {PASSWORD_LEAST} to {PASSWORD_MOST} characters."
        raise InvalidRequest(message, errors=(FieldError("password", message),))
    return password


def _token_hash(token: str) -> str:
    return hashlib.sha256(token.encode(errors="replace")).hexdigest()


@cache
def _hasher() -> PasswordHash:
    return PasswordHash.recommended()


@cache
def _decoy_hash() -> str:
    return _hasher().hash(secrets.token_urlsafe(16))
