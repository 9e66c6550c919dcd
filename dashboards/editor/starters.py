"""What a new page may begin with: an offer with its code, a scratch card, a survey, or next to nothing. For the list of
pages, where one is chosen; what is left open, such as addresses, is asked for before publishing."""

from collections.abc import Callable, Mapping
from typing import Any

import orjson

from dashboards.speech import LANGUAGES, Language
from linksvc.landing.documents import Document, parse_document

Json = dict[str, Any]


def starter_document(name: str, language: Language) -> Document:
    """A document to begin with, in both languages, the reader's first. Raises KeyError for a name that is none."""
    blocks = STARTERS[name]()
    languages = [language, *(other for other in LANGUAGES if other != language)]
    title, *rest = blocks
    return parse_document(orjson.dumps({"title": title, "languages": languages, "blocks": rest}))


def _words(fr: str, en: str) -> Json:
    return {"fr": fr, "en": en}


def _block(block_type: str, **fields: Any) -> Json:
    return {"id": block_type.replace("_", "-"), "type": block_type, **fields}


_GREETING = {
    "fr": 'Bonjour {{ first_name | default: "à vous" }}',
    "en": 'Hello {{ first_name | default: "and welcome" }}',
}
_PRIVACY = _words(
    "Nous utilisons vos réponses et vos visites pour cette opération seulement.",
    "We use your answers and visits for this campaign alone.",
)
_END = (
    _block("opt_out", label=_words("Ne plus recevoir nos messages", "Stop our messages")),
    _block("privacy", text=_PRIVACY),
)


def _offer() -> list[Json]:
    return [
        _words("Votre offre", "Your offer"),
        _block(
            "text",
            heading=_GREETING,
            text=_words("**-20 %** sur toute la boutique, avec votre code.", "**20 % off** everything, with your code."),
        ),
        _block("code", label=_words("Votre code", "Your code"), forms=["copy", "qr"]),
        _block(
            "countdown",
            label=_words("L’offre se termine dans", "The offer ends in"),
            timezone="recipient",
            finished=_words("L’offre est terminée.", "The offer is over."),
        ),
        _block("button", label=_words("Aller à la boutique", "Go to the shop")),
        *_END,
    ]


def _scratch() -> list[Json]:
    prizes = [
        {
            "id": "prize-1",
            "label": _words("-20 %", "20 % off"),
            "text": _words("Montrez cet écran en caisse.", "Show this screen at the till."),
            "odds": 1_000,
            "stock": 100,
            "wins": True,
        },
        {
            "id": "prize-2",
            "label": _words("-5 %", "5 % off"),
            "text": _words("Montrez cet écran en caisse.", "Show this screen at the till."),
            "odds": 9_000,
            "wins": True,
        },
    ]
    return [
        _words("Grattez et gagnez", "Scratch and win"),
        _block(
            "text", heading=_GREETING, text=_words("Une carte vous attend : grattez-la.", "A card is waiting: scratch it.")
        ),
        _block(
            "scratch",
            title=_words("Votre carte", "Your card"),
            cover=_words("Grattez ici", "Scratch here"),
            prizes=prizes,
            nothing=_words("Rien cette fois. Merci d’avoir joué !", "Nothing this time. Thank you for playing!"),
        ),
        _block("button", label=_words("Aller à la boutique", "Go to the shop")),
        *_END,
    ]


def _survey() -> list[Json]:
    options = [
        {"id": "option-1", "label": _words("En boutique", "In a shop")},
        {"id": "option-2", "label": _words("En ligne", "Online")},
    ]
    questions = [
        {
            "id": "question-1",
            "kind": "scale",
            "label": _words("Nous recommanderiez-vous ?", "Would you recommend us?"),
            "required": True,
            "low": 0,
            "high": 10,
            "low_label": _words("Pas du tout", "Not at all"),
            "high_label": _words("Certainement", "Certainly"),
        },
        {
            "id": "question-2",
            "kind": "choice",
            "label": _words("Où achetez-vous le plus souvent ?", "Where do you buy most often?"),
            "options": options,
        },
        {"id": "question-3", "kind": "text", "label": _words("Que pouvons-nous améliorer ?", "What could we do better?")},
    ]
    return [
        _words("Votre avis", "Your opinion"),
        _block("text", heading=_GREETING, text=_words("Trois questions, une minute.", "Three questions, one minute.")),
        _block(
            "survey",
            title=_words("Dites-nous", "Tell us"),
            questions=questions,
            submit=_words("Envoyer", "Send"),
            thanks=_words("Merci, nous vous lisons.", "Thank you: we read every answer."),
        ),
        *_END,
    ]


def _blank() -> list[Json]:
    return [{}, _block("text")]


STARTERS: Mapping[str, Callable[[], list[Json]]] = {
    "offer": _offer,
    "scratch": _scratch,
    "survey": _survey,
    "blank": _blank,
}
