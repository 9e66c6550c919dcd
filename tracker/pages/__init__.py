"""The plain pages of the short domain, in English and French, each rendered once."""

from base64 import b64encode
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from importlib.resources import files

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

BRANDS = 256
"""Workspaces whose pages are kept ready."""


@dataclass(frozen=True, slots=True)
class Page:
    """`body` by language; `policy` is the Content-Security-Policy that lets its style through and nothing else."""

    english: bytes
    french: bytes
    policy: bytes

    def body(self, accept_language: bytes) -> bytes:
        """French for those whose first language it is, English for all others."""
        return self.french if accept_language[:2].lower() == b"fr" else self.english


def unknown_link() -> Page:
    """For a link that leads nowhere."""
    return _render(
        ("This link leads nowhere", "Check that it was copied whole, up to its last character."),
        ("Ce lien ne mène nulle part", "Vérifiez qu’il a été copié en entier, jusqu’au dernier caractère."),
    )


def try_again() -> Page:
    """For a link of which nothing can be said at the moment."""
    return _render(
        ("This link cannot be opened right now", "Please try again in a minute."),
        ("Ce lien ne peut pas être ouvert pour l’instant", "Veuillez réessayer dans une minute."),
    )


def too_many() -> Page:
    """For a network from which codes are guessed."""
    return _render(
        ("Too many requests", "Please try again in a minute."),
        ("Trop de demandes", "Veuillez réessayer dans une minute."),
    )


@lru_cache(maxsize=BRANDS)
def expired(brand: str) -> Page:
    """For a link whose time is over; `brand` is whose link it is."""
    return _render(
        ("This link has expired", f"What {brand} sent you is no longer available."),
        ("Ce lien a expiré", f"Ce que {brand} vous a envoyé n’est plus disponible."),
        brand,
    )


@lru_cache(maxsize=BRANDS)
def paid(brand: str) -> Page:
    """For a link to what is paid by now."""
    return _render(
        ("This is already paid", f"{brand} has received your payment. There is nothing more to do."),
        ("C’est déjà payé", f"{brand} a bien reçu votre paiement. Vous n’avez plus rien à faire."),
        brand,
    )


@lru_cache(maxsize=BRANDS)
def early(brand: str) -> Page:
    """For a link whose time has not come."""
    return _render(
        ("This link is not open yet", f"What {brand} sent you opens later. Please come back."),
        ("Ce lien n’est pas encore ouvert", f"Ce que {brand} vous a envoyé ouvrira plus tard. Merci de revenir."),
        brand,
    )


def _render(english: tuple[str, str], french: tuple[str, str], brand: str = "Ricochet") -> Page:
    folder = files(__name__)
    style = folder.joinpath("plain.css").read_text("utf-8")
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    template = environment.from_string(folder.joinpath("plain.html.jinja").read_text("utf-8"))

    def body(language: str, title: str, advice: str) -> bytes:
        shown = {"language": language, "title": title, "advice": advice, "brand": brand}
        return template.render(shown, style=Markup(style)).encode()  # noqa: S704

    digest = b64encode(sha256(style.encode()).digest())
    policy = b"default-src 'none'; style-src 'sha256-" + digest + b"'; frame-ancestors 'none'; base-uri 'none'"
    return Page(body("en", *english), body("fr", *french), policy)
