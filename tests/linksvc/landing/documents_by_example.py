"""A page with every type of block, complete in French and English, for whoever tests what stands on pages."""

from copy import deepcopy
from typing import Any

import orjson

from linksvc.landing.documents import Document, parse_document


def words(fr: str, en: str) -> dict[str, str]:
    return {"fr": fr, "en": en}


WHOLE: dict[str, Any] = {
    "title": words("Votre offre", "Your offer"),
    "languages": ["fr", "en"],
    "theme": {"accent": "#0b57d0", "background": "#ffffff", "text": "#1f1f1f", "font": "system", "logo": ""},
    "blocks": [
        {
            "id": "hello",
            "type": "text",
            "heading": words("Bonjour {{ first_name }}", "Hello {{ first_name }}"),
            "text": words(
                "**Merci** d'être là.\n\nÀ bientôt à {{ city | default: 'Lyon' }}.", "**Thank you**.\n\nSee you soon."
            ),
        },
        {"id": "shop", "type": "picture", "picture": "0" * 64, "alt": words("La boutique", "The shop")},
        {"id": "buy", "type": "button", "label": words("Acheter", "Buy"), "url": "https://shop.example/sale"},
        {"id": "ring", "type": "call", "label": words("Appeler", "Call us"), "number": "+33639980001"},
        {"id": "where", "type": "map", "label": words("Nous trouver", "Find us"), "query": "12 rue de la République, Lyon"},
        {
            "id": "until",
            "type": "countdown",
            "label": words("Fin dans", "Ends in"),
            "ends_at": "2026-11-28T18:00",
            "timezone": "Europe/Paris",
            "finished": words("C'est fini.", "It is over."),
        },
        {
            "id": "code",
            "type": "code",
            "label": words("Votre code", "Your code"),
            "forms": ["copy", "qr", "code128", "ean13"],
        },
        {
            "id": "scratch",
            "type": "scratch",
            "title": words("Grattez", "Scratch"),
            "cover": words("Grattez ici", "Scratch here"),
            "prizes": [
                {
                    "id": "mug",
                    "label": words("Un mug", "A mug"),
                    "text": words("Demandez-le en caisse.", "Ask for it at the till."),
                    "odds": 500,
                    "stock": 100,
                }
            ],
            "nothing": words("Une autre fois.", "Another time."),
        },
        {
            "id": "flip",
            "type": "flip",
            "title": words("Retournez une carte", "Turn a card"),
            "cells": 3,
            "prizes": [
                {"id": "tea", "label": words("Un thé", "A tea"), "text": words("Offert.", "On us."), "odds": 10_000},
            ],
        },
        {
            "id": "survey",
            "type": "survey",
            "title": words("Votre avis", "Your opinion"),
            "questions": [
                {
                    "id": "like",
                    "kind": "choice",
                    "label": words("Cela vous plaît ?", "Do you like it?"),
                    "required": True,
                    "options": [
                        {"id": "yes", "label": words("Oui", "Yes")},
                        {"id": "no", "label": words("Non", "No")},
                    ],
                },
                {
                    "id": "what",
                    "kind": "several",
                    "label": words("Quoi ?", "What?"),
                    "options": [{"id": "tea", "label": words("Le thé", "Tea")}],
                },
                {"id": "marks", "kind": "scale", "label": words("Note", "Marks"), "low": 0, "high": 10},
                {"id": "more", "kind": "text", "label": words("Autre chose ?", "Anything else?")},
                {"id": "mail", "kind": "consent", "label": words("Écrivez-moi.", "Write to me.")},
            ],
            "submit": words("Envoyer", "Send"),
            "thanks": words("Merci !", "Thank you!"),
            "thank_you_sms": words("Merci !", "Thank you!"),
        },
        {"id": "stop", "type": "opt_out", "label": words("Ne plus recevoir de SMS", "Get no more texts")},
        {
            "id": "data",
            "type": "privacy",
            "text": words("Vos données.", "Your data."),
            "url": "https://shop.example/privacy",
        },
    ],
}


def written(**changes: Any) -> dict[str, Any]:
    """A copy of WHOLE, that may be changed."""
    return deepcopy(WHOLE) | changes


def block(kind: str) -> dict[str, Any]:
    """A copy of the block of a type."""
    return deepcopy(next(one for one in WHOLE["blocks"] if one["type"] == kind))


def with_block(**fields: Any) -> dict[str, Any]:
    """A page of one block."""
    return written(blocks=[fields])


def without(*kinds: str) -> dict[str, Any]:
    """WHOLE without the blocks of some types."""
    return written(blocks=[one for one in deepcopy(WHOLE["blocks"]) if one["type"] not in kinds])


def parsed(document: dict[str, Any]) -> Document:
    return parse_document(orjson.dumps(document))
