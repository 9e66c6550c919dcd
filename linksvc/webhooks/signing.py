"""The secrets of endpoints, and the headers that prove who sends: Standard Webhooks, symmetric signatures (v1).

A secret is derived, not stored: whoever reads the database can sign nothing. It is shown once, when it is made.
"""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b

from standardwebhooks import Webhook

from linksvc.errors import ConfigurationError
from linksvc.keys import Keyring

PREFIX = "whsec_"


@dataclass(frozen=True, slots=True)
class SecretName:
    """Which secret of an endpoint. `key`: the version of the installation's key that it is derived from."""

    workspace_id: int
    endpoint_id: str
    version: int
    key: int

    @classmethod
    def read(cls, workspace_id: int, endpoint_id: str, numbers: str) -> "SecretName":
        """From what `numbers` gives."""
        version, _, key = numbers.partition(".")
        return cls(workspace_id, endpoint_id, int(version), int(key))

    @property
    def numbers(self) -> str:
        """Which of the endpoint's secrets: 1.0."""
        return f"{self.version}.{self.key}"


def secret_of(keyring: Keyring, name: SecretName) -> str:
    """As its owner sees it: whsec_ and 256 bits in base64. Raises ConfigurationError when the installation has lost a
    key."""
    if name.key >= len(keyring.webhooks):
        raise ConfigurationError(f"The secret of webhook {name.endpoint_id} needs a secret key that is not there any more.")
    told = f"{name.workspace_id} {name.endpoint_id} {name.version}".encode()
    secret = blake2b(told, key=keyring.webhooks[name.key], digest_size=32, person=b"webhook-secret").digest()
    return PREFIX + base64.b64encode(secret).decode()


def headers_of(secrets: Sequence[str], event_id: str, body: str, now: datetime) -> Mapping[str, str]:
    """The headers of a try: the same id each time, so that a receiver knows what it has had; a signature by each secret."""
    return {
        "webhook-id": event_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": " ".join(Webhook(secret).sign(event_id, now, body) for secret in secrets),
    }
