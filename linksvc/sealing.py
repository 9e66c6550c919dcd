"""Secrets that others gave us and that we have to know: encrypted where they are stored, so that whoever reads the database,
or a copy of it, reads none. Used by `linksvc.payment_providers`.

AES-256-GCM with a key of the installation and a nonce drawn each time. The owner's name is authenticated with it: a secret
that is copied to another row opens nothing.
"""

import base64
import binascii
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from linksvc.errors import ConfigurationError
from linksvc.keys import Keyring

_NONCE_BYTES = 12
"""NIST SP 800-38D, 8.2: 96 bits; a few secrets an installation never draw one twice."""


def seal(keyring: Keyring, secret: str, owner: str) -> str:
    """The secret as it may be stored: the version of the key, then what is encrypted."""
    nonce = os.urandom(_NONCE_BYTES)
    sealed = nonce + AESGCM(keyring.sealed[-1]).encrypt(nonce, secret.encode(), owner.encode())
    return f"{len(keyring.sealed) - 1}.{base64.b64encode(sealed).decode()}"


def unseal(keyring: Keyring, sealed: str, owner: str) -> str:
    """The secret. Raises ConfigurationError when the installation has lost its key, or the row is not what it was."""
    version, _, text = sealed.partition(".")
    try:
        key, raw = keyring.sealed[int(version)], base64.b64decode(text, validate=True)
        return AESGCM(key).decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], owner.encode()).decode()
    except (IndexError, ValueError, binascii.Error, InvalidTag) as error:
        raise ConfigurationError(
            f"The secret of {owner} cannot be read: it needs a secret key that is not there any more, or it was changed."
        ) from error
