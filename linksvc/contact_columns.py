"""Which column of a contact file means what, by its name in French or English. For `linksvc.contact_import`."""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from linksvc.errors import InvalidRequest

NAMES: dict[str, str] = {
    # The better a name says "mobile", the earlier it stands: a file may hold several columns of numbers.
    "phone": "telephone mobile, tel mobile, numero mobile, numero de mobile, numero de telephone mobile, mobile, "
    "telephone portable, tel portable, numero portable, portable, gsm, cellulaire, mobile phone, mobile number, "
    "mobile phone number, phone mobile, cell phone, cellphone, cell, msisdn, e164, numero sms, sms, telephone, tel, "
    "numero de telephone, numero telephone, num tel, n de telephone, no de telephone, phone number, telephone number, "
    "phone, numero, number",
    "first_name": "prenom, first name, firstname, given name, forename",
    "last_name": "nom, nom de famille, last name, lastname, surname, family name",
    "city": "ville, city, town, commune, localite, municipality",
    "external_id": "code client, customer code, client code, identifiant client, id client, customer id, client id, "
    "external id, identifiant externe, numero client, n client, no client, customer number, reference client, ref client, "
    "customer reference, contact id, crm id, identifiant, id",
    "country": "pays, country, code pays, country code",
    "consent": "accord sms, consentement sms, sms consent, consent sms, sms opt in, opt in sms, optin sms, "
    "accepte les sms, accepte sms, accepts sms, accepts sms marketing, marketing consent, accord, consentement, consent, "
    "opt in, optin",
    "consent_at": "date accord, date d accord, date de l accord, date accord sms, date consentement, "
    "date du consentement, date de consentement, date opt in, date optin, consent date, date of consent, "
    "sms consent date, consented at, consent at, consented on, opt in date, optin date",
    "source": "origine, origine accord, origine de l accord, origine du consentement, source du consentement, "
    "source consentement, consent source, source of consent, consent origin, origin, source, opt in source",
    "language": "langue, langue preferee, langue de contact, language, preferred language, lang, locale, sprache, idioma",
    "timezone": "fuseau, fuseau horaire, timezone, time zone, tz",
    "birthday": "anniversaire, date anniversaire, date d anniversaire, date de naissance, date naissance, naissance, "
    "birthday, birthdate, birth date, date of birth, dob",
}
"""What a column may be called, per field, best first; compared without case, accents and punctuation."""

OURS = ("reason", "line")
"""The last two columns of the rejected rows we hand out: corrected and uploaded again, they mean nothing."""

_RANKS = {field: {name.strip(): rank for rank, name in enumerate(names.split(","))} for field, names in NAMES.items()}


@dataclass(frozen=True)
class Columns:
    """Where the known fields stand, by index, and the name of every other column that is kept."""

    known: dict[str, int]
    others: dict[int, str]


def map_columns(header: Sequence[str]) -> Columns:
    """Raises InvalidRequest (no_phone_column), naming the columns that were found."""
    known = _known(header)
    if "phone" not in known:
        found = ", ".join(f"“{name[:40]}”" for name in header[:20]) + (", ..." if len(header) > 20 else "")
        raise InvalidRequest(
            f"No column holds phone numbers. The first line names the columns {found}; one of them must be called "
            "“Téléphone mobile”, “Mobile”, “Phone” or alike.",
            code="no_phone_column",
        )
    ours = range(len(header) - len(OURS), len(header)) if tuple(header[-len(OURS) :]) == OURS else range(0)
    taken = {*known.values(), *ours}
    return Columns(known, _named([i for i in range(len(header)) if i not in taken], header))


def recognise(header: Sequence[str]) -> int:
    """How many columns of a header are known; tells a header cut by the right delimiter from one cut by another."""
    return len(_known(header))


def normalise(name: str) -> str:
    """Lower case, without accents, punctuation as single spaces: `Prénom` and `PRENOM ` are one."""
    bare = "".join(c for c in unicodedata.normalize("NFKD", name.casefold()) if not unicodedata.combining(c))
    return " ".join("".join(c if c.isalnum() else " " for c in bare).split())


def _known(header: Sequence[str]) -> dict[str, int]:
    """The best column of each field; the first one where two are called alike."""
    names = [normalise(name) for name in header]
    known = {}
    for field, ranks in _RANKS.items():
        found = [(ranks[name], index) for index, name in enumerate(names) if name in ranks]
        if found:
            known[field] = min(found)[1]
    return known


def _named(indexes: Sequence[int], header: Sequence[str]) -> dict[int, str]:
    """A name of its own for each of these columns: a second `Note` becomes `Note (2)`."""
    named: dict[int, str] = {}
    for index in indexes:
        name = base = header[index] or f"column {index + 1}"
        again = 1
        while name in named.values():
            again += 1
            name = f"{base} ({again})"
        named[index] = name
    return named
