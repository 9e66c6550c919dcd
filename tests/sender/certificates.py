"""Certificates for tests of TLS: an authority of our own, and what it signs. Made by openssl's command."""

import ssl
import subprocess
from dataclasses import dataclass
from pathlib import Path

DAYS = 2
_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")


@dataclass(frozen=True)
class Authority:
    """`certificate` is the file that clients are given."""

    folder: Path

    @property
    def certificate(self) -> Path:
        return self.folder / "authority.pem"

    @classmethod
    def make(cls, folder: Path) -> "Authority":
        authority = cls(folder)
        subject = ("-subj", "/CN=An authority", "-addext", "keyUsage=critical,keyCertSign")
        key = folder / "authority.key"
        _openssl("req", "-x509", *_KEY, "-keyout", key, "-out", authority.certificate, "-days", str(DAYS), *subject)
        return authority

    def server(self, name: str, *, expired: bool = False) -> ssl.SSLContext:
        """What a server uses whose certificate is for `name` (as DNS:smsc.example or IP:127.0.0.1)."""
        stem = "".join(character if character.isalnum() else "-" for character in f"{name}-{expired}")
        key, request, certificate = (self.folder / f"{stem}.{suffix}" for suffix in ("key", "csr", "pem"))
        extensions = self.folder / f"{stem}.cnf"
        extensions.write_text(f"subjectAltName={name}\nauthorityKeyIdentifier=keyid\n")
        _openssl("req", *_KEY, "-keyout", key, "-out", request, "-subj", "/CN=An SMSC")
        # openssl's "-days" counts from now on: of an expired one the whole validity lies behind.
        days = -1 if expired else DAYS
        signed_by = ("-CA", self.certificate, "-CAkey", self.folder / "authority.key", "-CAcreateserial")
        _openssl("x509", "-req", "-in", request, *signed_by, "-extfile", extensions, "-days", str(days), "-out", certificate)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        return context


def _openssl(*arguments: str | Path) -> None:
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True, timeout=30)
