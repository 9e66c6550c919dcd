"""Certificates for tests of TLS: an authority of our own, and what it signs."""

import ssl
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import trustme


@dataclass(frozen=True)
class Authority:
    """`certificate` is the file that clients are given."""

    certificate: Path
    signer: trustme.CA

    @classmethod
    def make(cls, folder: Path) -> "Authority":
        signer = trustme.CA()
        certificate = folder / "authority.pem"
        signer.cert_pem.write_to_path(str(certificate))
        return cls(certificate, signer)

    def server(self, name: str, *, expired: bool = False) -> ssl.SSLContext:
        """What a server uses whose certificate is for `name` (smsc.example or 127.0.0.1)."""
        ends = datetime.now(UTC) + timedelta(days=-1 if expired else 2)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.signer.issue_cert(name, not_after=ends).configure_cert(context)
        return context
