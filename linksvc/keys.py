"""The secret key and what is derived from it: links, promo codes, sessions. Who loses it loses every link already sent."""

import os
import secrets
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

from linksvc.database import make_folder
from linksvc.errors import ConfigurationError
from linksvc.settings import Settings

LEAST_CHARACTERS = 32


@dataclass(frozen=True, repr=False)
class Keyring:
    """Independent keys, so that none can be computed from another."""

    link: bytes
    link_salt: bytes
    promo_code: bytes
    session: bytes

    @classmethod
    def derive(cls, secret: str) -> "Keyring":
        def subkey(purpose: bytes) -> bytes:
            return blake2b(secret.encode(), digest_size=32, person=purpose).digest()

        return cls(subkey(b"link"), subkey(b"link-salt"), subkey(b"promo-code"), subkey(b"session"))


def open_keyring(settings: Settings) -> Keyring:
    """The keys of this installation.

    Raises ConfigurationError when the key is too short, or missing while the database is not the embedded one: several
    machines must share one key, so no process may make its own.
    """
    secret = settings.secret_key.get_secret_value()
    if not secret:
        if not settings.database.startswith("sqlite"):
            raise ConfigurationError(
                "RICOCHET_SECRET_KEY is not set. Every process that shares a database needs the same key. Make one with\n"
                '    python3 -c "import secrets; print(secrets.token_urlsafe(48))"\n'
                "put it in the environment of each, and keep a copy: without it the links already sent stop working."
            )
        make_folder(settings.data_dir)
        try:
            secret = _embedded_secret(settings.data_dir)
        except OSError as error:
            raise ConfigurationError(
                f"The secret key in {settings.data_dir} cannot be read or written: {error.strerror}."
            ) from None
    if len(secret) < LEAST_CHARACTERS:
        raise ConfigurationError(f"RICOCHET_SECRET_KEY has {len(secret)} characters; it needs {LEAST_CHARACTERS}.")
    return Keyring.derive(secret)


def _embedded_secret(data_dir: Path) -> str:
    """The key file of the data directory, made once. O_EXCL lets several processes start together on an empty one."""
    path = data_dir / "secret.key"
    draft = data_dir / f".secret.{secrets.token_hex(8)}"
    if not path.exists():
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_urlsafe(48))
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(draft, path)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return path.read_text().strip()
