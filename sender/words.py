"""What people write to be left alone, to come back, or to be told who writes: the words of carriers, English and French.

For `sender.inbound`. Case, accents, punctuation, courtesy and spaces between letters do not matter: "Arrêt !", "S T O P",
"stop svp", "please unsubscribe me". STOP may stand before anything else: "Stop 36180", "STOP tout ça".
"""

import re
import unicodedata
from dataclasses import dataclass

STOP, START, HELP, TEXT = "stop", "start", "help", "text"
"""The kinds of inbound messages."""

_FRENCH, _ENGLISH = "fr", "en"

_WORDS: dict[str, tuple[str, str]] = {
    **dict.fromkeys(("STOP", "STOPALL"), (STOP, "")),
    **dict.fromkeys(("UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT"), (STOP, _ENGLISH)),
    **dict.fromkeys(("STOPTOUT", "ARRET", "ARRETER", "ARRETEZ", "DESABONNER", "DESABONNEMENT"), (STOP, _FRENCH)),
    **dict.fromkeys(("DESINSCRIRE", "DESINSCRIPTION", "DESINSCRIVEZ"), (STOP, _FRENCH)),
    **dict.fromkeys(("START",), (START, "")),
    **dict.fromkeys(("UNSTOP", "RESUBSCRIBE"), (START, _ENGLISH)),
    **dict.fromkeys(("REPRENDRE", "REABONNER", "REINSCRIRE"), (START, _FRENCH)),
    **dict.fromkeys(("INFO", "INFOS"), (HELP, "")),
    **dict.fromkeys(("HELP",), (HELP, _ENGLISH)),
    **dict.fromkeys(("AIDE",), (HELP, _FRENCH)),
}
"""Kind and language; the language is empty where both write the word so. Those of Twilio's documents, of the FCC's rule of
April 2025 (47 CFR 64.1200(a)(10)) and of Canadian short codes, and what French people write."""

_YES: dict[str, str] = {"YES": _ENGLISH, "OUI": _FRENCH}
"""START for somebody who had said STOP, and an ordinary answer from anybody else."""

_COURTESY = frozenset(["PLEASE", "PLS", "PLZ", "SVP", "STP", "MERCI", "THANKS", "ME", "MOI", "NOW"])

_NO_LETTERS = re.compile(r"[^A-Z0-9]+")


@dataclass(frozen=True, slots=True)
class Word:
    """What a message asks for. `language`: en, fr, or empty when the word does not tell. `if_stopped`: it says so only
    from somebody who had said STOP."""

    kind: str
    language: str = ""
    if_stopped: bool = False


_NONE = Word(TEXT)


def read_word(text: str) -> Word:
    """What a reply asks for; of the kind `text` if it is none of the words."""
    words = _fold(text)
    if words and words[0] == "STOP":
        return Word(*_WORDS.get("".join(words), (STOP, "")))
    if found := _WORDS.get("".join(words)):
        return Word(*found)
    rest = "".join(word for word in words if word not in _COURTESY)
    if found := _WORDS.get(rest):
        return Word(*found)
    return Word(START, _YES[rest], if_stopped=True) if rest in _YES else _NONE


def is_stop(text: str) -> bool:
    """Whether a reply asks for a stop."""
    return read_word(text).kind == STOP


def _fold(text: str) -> list[str]:
    """The words in capitals of the Latin alphabet, without accents; curly and wide letters as plain ones."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    return _NO_LETTERS.sub(" ", plain.upper()).split()
