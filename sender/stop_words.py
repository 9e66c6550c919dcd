"""What people write to be left alone: the opt-out words of carriers, English and French. For `sender.inbound`."""

import re
import unicodedata

STOP_WORDS = frozenset({"STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "ARRET"})

_NO_LETTERS = re.compile(r"[^A-Z0-9]+")


def is_stop(text: str) -> bool:
    """Whether a reply asks for a stop: one of the words alone, or "STOP" before anything else. Case, accents, punctuation
    and spaces between letters and digits do not matter: "Arrêt !", "stop svp", "Stop 36180", "S T O P"."""
    words = _words(text)
    return bool(words) and (words[0] == "STOP" or "".join(words) in STOP_WORDS)


def _words(text: str) -> list[str]:
    plain = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    return _NO_LETTERS.sub(" ", plain.upper()).split()
