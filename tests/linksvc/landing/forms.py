"""A form with a question of each kind, and what people send for it."""

from typing import Any

import orjson

from linksvc.landing.blocks import SurveyBlock
from linksvc.landing.visitors import Visitor

FORM: dict[str, Any] = {
    "id": "opinion",
    "type": "survey",
    "title": {"fr": "Votre avis", "en": "Your opinion"},
    "questions": [
        {
            "id": "visit",
            "kind": "choice",
            "label": {"fr": "Venez-vous souvent ?", "en": "Do you come often?"},
            "required": True,
            "options": [
                {"id": "weekly", "label": {"fr": "Chaque semaine", "en": "Every week"}},
                {"id": "rarely", "label": {"fr": "Rarement", "en": "Rarely"}},
            ],
        },
        {
            "id": "likes",
            "kind": "several",
            "label": {"fr": "Vous aimez", "en": "You like"},
            "options": [
                {"id": "staff", "label": {"fr": "L’équipe", "en": "The staff"}},
                {"id": "prices", "label": {"fr": "Les prix", "en": "The prices"}},
            ],
        },
        {
            "id": "rating",
            "kind": "scale",
            "label": {"fr": "Votre note", "en": "Your mark"},
            "low": 0,
            "high": 10,
            "low_label": {"fr": "Mauvais", "en": "Bad"},
            "high_label": {"fr": "Excellent", "en": "Excellent"},
        },
        {"id": "wish", "kind": "text", "label": {"fr": "Un souhait ?", "en": "A wish?"}},
        {
            "id": "news",
            "kind": "consent",
            "label": {"fr": "J’accepte de recevoir des offres par SMS", "en": "I agree to get offers by text"},
        },
    ],
    "submit": {"fr": "Envoyer", "en": "Send"},
    "thanks": {"fr": "Merci !", "en": "Thank you!"},
}

SENT = {
    "q.visit": ["weekly"],
    "q.likes": ["prices", "staff"],
    "q.rating": ["10"],
    "q.wish": ["Ouvrir le dimanche\r\nmerci 👍"],
    "q.news": ["yes"],
}
"""What a browser sends of a form that was filled in."""


def form(**changes: Any) -> SurveyBlock:
    return SurveyBlock.model_validate_json(orjson.dumps(FORM | changes))


def visitor(workspace_id: int, campaign_id: int, n: int = 0, version: int = 1) -> Visitor:
    return Visitor(workspace_id, campaign_id, n, 7, version)
