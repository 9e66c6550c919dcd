"""The secret key and what is derived from it: links, promo codes, sessions. Who loses it loses every link already sent."""

import os
import secrets
from contextlib import suppress
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

from linksvc.database import make_folder
from linksvc.errors import ConfigurationError
from linksvc.settings import Settings

LEAST_CHARACTERS = 32
MOST_KEYS = 4
"""A short code has two bits for the version of its key."""


@dataclass(frozen=True, repr=False)
class Keyring:
    """Independent keys, so that none can be computed from another.

    A link says which version of the secret key it was made with, so keys can be replaced and old links go on working.
    What is checked soon after it was made (sessions, codes yet to be dealt) uses the newest key alone.
    """

    links: tuple[bytes, ...]
    """By version, oldest first."""
    link_salt: bytes
    """Of the first secret key for good: it is read before the version is."""
    promo_code: bytes
    session: bytes
    hit_tokens: tuple[bytes, ...]
    """Oldest first; a page that is open while keys are replaced may still tell what happened on it."""
    visit_tokens: tuple[bytes, ...]
    """Oldest first, like those of hits: these encrypt, for pages on other domains."""
    sealed: tuple[bytes, ...]
    """By version: what others gave us to keep, and which we have to know, is encrypted with it (`linksvc.sealing`)."""
    webhooks: tuple[bytes, ...]
    """By version: the secret of an endpoint stays what it is until its owner asks for another."""

    @property
    def version(self) -> int:
        """The version that new links are made with."""
        return len(self.links) - 1

    @classmethod
    def derive(cls, *secrets: str) -> "Keyring":
        """The keys of one secret key after the other, oldest first."""

        def subkey(secret: str, purpose: bytes) -> bytes:
            return blake2b(secret.encode(), digest_size=32, person=purpose).digest()

        newest = secrets[-1]
        return cls(
            tuple(subkey(secret, b"link") for secret in secrets),
            subkey(secrets[0], b"link-salt"),
            subkey(newest, b"promo-code"),
            subkey(newest, b"session"),
            tuple(subkey(secret, b"hit-token") for secret in secrets),
            tuple(subkey(secret, b"visit-token") for secret in secrets),
            tuple(subkey(secret, b"sealed") for secret in secrets),
            tuple(subkey(secret, b"webhook") for secret in secrets),
        )


def open_keyring(settings: Settings) -> Keyring:
    """The keys of this installation.

    Raises ConfigurationError when a key is too short, or missing while the database is not the embedded one: several
    machines must share the keys, so no process may make its own.
    """
    secret = settings.secret_key.get_secret_value()
    found = (secret,) if secret else _read_keys(_key_file(settings))
    for key in found:
        if len(key) < LEAST_CHARACTERS:
            raise ConfigurationError(f"A secret key has {len(key)} characters; it needs {LEAST_CHARACTERS}.")
    if not 1 <= len(found) <= MOST_KEYS:
        raise ConfigurationError(f"There are {len(found)} secret keys; a link can tell 1 to {MOST_KEYS} apart.")
    return Keyring.derive(*found)


def rotate(settings: Settings) -> int:
    """Adds a new key to the file of keys, in one step; links are made with it by every process started from now on.
    Returns its version. Raises ConfigurationError when the keys do not come from a file, or are too many."""
    if settings.secret_key.get_secret_value():
        raise ConfigurationError(
            "The secret key comes from RICOCHET_SECRET_KEY, which holds one. Put it into a file, name the file in "
            "RICOCHET_SECRET_KEY_FILE for every process, and rotate the keys there."
        )
    path = _key_file(settings)
    keys = (*_read_keys(path), secrets.token_urlsafe(48))
    if len(keys) > MOST_KEYS:
        raise ConfigurationError(f"There are {MOST_KEYS} secret keys already, and a link cannot tell more apart.")
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        _write_keys(draft, keys)
        draft.replace(path)
    except OSError as error:
        raise ConfigurationError(f"The keys in {path} cannot be written: {error.strerror}.") from None
    return len(keys) - 1


def _key_file(settings: Settings) -> Path:
    """Where the keys are; made with a first key on the embedded database."""
    if settings.secret_key_file:
        return settings.secret_key_file
    if not settings.database.startswith("sqlite"):
        raise ConfigurationError(
            "RICOCHET_SECRET_KEY is not set, nor RICOCHET_SECRET_KEY_FILE. Every process that shares a database needs the "
            "same key. Make one with\n"
            '    python3 -c "import secrets; print(secrets.token_urlsafe(48))"\n'
            "put it in the environment of each, and keep a copy: without it the links already sent stop working."
        )
    make_folder(settings.data_dir)
    path = settings.data_dir / "secret.key"
    try:
        _make_once(path)
    except OSError as error:
        raise ConfigurationError(f"The secret key in {settings.data_dir} cannot be written: {error.strerror}.") from None
    return path


def _read_keys(path: Path) -> tuple[str, ...]:
    """One key a line, oldest first."""
    try:
        lines = path.read_text().splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text"
        raise ConfigurationError(f"The secret keys in {path} cannot be read: {reason}.") from None
    return tuple(line.strip() for line in lines if line.strip())


def _make_once(path: Path) -> None:
    """Makes a first key. A link to a finished draft lets several processes start together on an empty folder."""
    if path.exists():
        return
    draft = path.with_name(f".secret.{secrets.token_hex(8)}")
    try:
        _write_keys(draft, (secrets.token_urlsafe(48),))
        with suppress(FileExistsError):
            os.link(draft, path)
    finally:
        draft.unlink(missing_ok=True)


def _write_keys(path: Path, keys: tuple[str, ...]) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write("\n".join(keys) + "\n")
        file.flush()
        os.fsync(file.fileno())
