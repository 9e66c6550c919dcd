"""What a page says by itself, beside what its authors wrote: buttons, notices. By language; English where there is none.

Parts that add blocks add their words: see VOCABULARIES.
"""

from collections.abc import Mapping
from functools import cache

from tracker.landing.draw_words import DRAW_WORDS
from tracker.landing.survey_words import SURVEY_WORDS

_FALLBACK = "en"

Vocabulary = Mapping[str, Mapping[str, str]]
"""Texts by language, by name."""

_BASE: Vocabulary = {
    "reveal": {
        "en": "Show my offer",
        "fr": "Afficher mon offre",
        "de": "Mein Angebot anzeigen",
        "es": "Mostrar mi oferta",
        "it": "Mostra la mia offerta",
        "nl": "Toon mijn aanbieding",
        "pt": "Mostrar a minha oferta",
    },
    "no_code": {
        "en": "There is no code for this link.",
        "fr": "Ce lien n’a pas de code.",
        "de": "Zu diesem Link gibt es keinen Code.",
        "es": "Este enlace no tiene código.",
        "it": "Questo link non ha un codice.",
        "nl": "Bij deze link hoort geen code.",
        "pt": "Esta ligação não tem código.",
    },
    "copy_code": {
        "en": "Copy the code",
        "fr": "Copier le code",
        "de": "Code kopieren",
        "es": "Copiar el código",
        "it": "Copia il codice",
        "nl": "Code kopiëren",
        "pt": "Copiar o código",
    },
    "copied": {
        "en": "Copied",
        "fr": "Copié",
        "de": "Kopiert",
        "es": "Copiado",
        "it": "Copiato",
        "nl": "Gekopieerd",
        "pt": "Copiado",
    },
    "copy_by_hand": {
        "en": "The code is selected: copy it",
        "fr": "Le code est sélectionné : copiez-le",
        "de": "Der Code ist markiert: bitte kopieren",
        "es": "El código está seleccionado: cópielo",
        "it": "Il codice è selezionato: copialo",
        "nl": "De code is geselecteerd: kopieer hem",
        "pt": "O código está selecionado: copie-o",
    },
    "qr": {
        "en": "QR code that holds {code}",
        "fr": "Code QR qui contient {code}",
        "de": "QR-Code mit {code}",
        "es": "Código QR con {code}",
        "it": "Codice QR con {code}",
        "nl": "QR-code met {code}",
        "pt": "Código QR com {code}",
    },
    "barcode": {
        "en": "Barcode that holds {code}",
        "fr": "Code-barres qui contient {code}",
        "de": "Strichcode mit {code}",
        "es": "Código de barras con {code}",
        "it": "Codice a barre con {code}",
        "nl": "Streepjescode met {code}",
        "pt": "Código de barras com {code}",
    },
    "unavailable": {
        "en": "What is yours on this page cannot be shown right now.",
        "fr": "Ce qui vous est personnel sur cette page ne peut pas être affiché pour l’instant.",
        "de": "Ihr persönlicher Teil dieser Seite kann gerade nicht angezeigt werden.",
        "es": "Su parte personal de esta página no se puede mostrar en este momento.",
        "it": "La parte personale di questa pagina non può essere mostrata ora.",
        "nl": "Uw persoonlijke deel van deze pagina kan nu niet worden getoond.",
        "pt": "A sua parte pessoal desta página não pode ser mostrada de momento.",
    },
    "retry": {
        "en": "Try again",
        "fr": "Réessayer",
        "de": "Erneut versuchen",
        "es": "Volver a intentarlo",
        "it": "Riprova",
        "nl": "Opnieuw proberen",
        "pt": "Tentar novamente",
    },
    "failed": {
        "en": "That did not work. Please try again.",
        "fr": "Cela n’a pas fonctionné. Veuillez réessayer.",
        "de": "Das hat nicht geklappt. Bitte versuchen Sie es erneut.",
        "es": "No ha funcionado. Vuelva a intentarlo.",
        "it": "Non ha funzionato. Riprova.",
        "nl": "Dat is niet gelukt. Probeer het opnieuw.",
        "pt": "Não funcionou. Tente novamente.",
    },
    "days": {"en": "days", "fr": "jours", "de": "Tage", "es": "días", "it": "giorni", "nl": "dagen", "pt": "dias"},
    "hours": {"en": "hours", "fr": "heures", "de": "Stunden", "es": "horas", "it": "ore", "nl": "uur", "pt": "horas"},
    "minutes": {
        "en": "minutes",
        "fr": "minutes",
        "de": "Minuten",
        "es": "minutos",
        "it": "minuti",
        "nl": "minuten",
        "pt": "minutos",
    },
    "seconds": {
        "en": "seconds",
        "fr": "secondes",
        "de": "Sekunden",
        "es": "segundos",
        "it": "secondi",
        "nl": "seconden",
        "pt": "segundos",
    },
    "until": {
        "en": "Until {moment}",
        "fr": "Jusqu’au {moment}",
        "de": "Bis {moment}",
        "es": "Hasta el {moment}",
        "it": "Fino a {moment}",
        "nl": "Tot {moment}",
        "pt": "Até {moment}",
    },
    "your_time": {
        "en": "your time",
        "fr": "heure de chez vous",
        "de": "Ihre Ortszeit",
        "es": "su hora local",
        "it": "ora locale",
        "nl": "uw tijd",
        "pt": "a sua hora local",
    },
    "privacy_notice": {
        "en": "Privacy notice",
        "fr": "Politique de confidentialité",
        "de": "Datenschutzhinweise",
        "es": "Aviso de privacidad",
        "it": "Informativa sulla privacy",
        "nl": "Privacyverklaring",
        "pt": "Aviso de privacidade",
    },
    "opted_out": {
        "en": "You will get no more texts from {brand}.",
        "fr": "Vous ne recevrez plus de SMS de {brand}.",
        "de": "Sie erhalten keine SMS mehr von {brand}.",
        "es": "No recibirá más SMS de {brand}.",
        "it": "Non riceverai più SMS da {brand}.",
        "nl": "U ontvangt geen sms’en meer van {brand}.",
        "pt": "Não receberá mais SMS de {brand}.",
    },
    "come_back_by_sms": {
        "en": "To get them again, text START to {sender}.",
        "fr": "Pour en recevoir à nouveau, envoyez START au {sender}.",
        "de": "Um sie wieder zu erhalten, senden Sie START an {sender}.",
        "es": "Para volver a recibirlos, envíe START al {sender}.",
        "it": "Per riceverli di nuovo, invia START al {sender}.",
        "nl": "Stuur START naar {sender} om ze weer te ontvangen.",
        "pt": "Para voltar a recebê-los, envie START para {sender}.",
    },
    "come_back_by_asking": {
        "en": "To get them again, ask {brand}.",
        "fr": "Pour en recevoir à nouveau, adressez-vous à {brand}.",
        "de": "Um sie wieder zu erhalten, wenden Sie sich an {brand}.",
        "es": "Para volver a recibirlos, diríjase a {brand}.",
        "it": "Per riceverli di nuovo, rivolgiti a {brand}.",
        "nl": "Vraag het {brand} om ze weer te ontvangen.",
        "pt": "Para voltar a recebê-los, contacte {brand}.",
    },
    "back": {
        "en": "Back to the page",
        "fr": "Retour à la page",
        "de": "Zurück zur Seite",
        "es": "Volver a la página",
        "it": "Torna alla pagina",
        "nl": "Terug naar de pagina",
        "pt": "Voltar à página",
    },
}

VOCABULARIES: tuple[Vocabulary, ...] = (_BASE, DRAW_WORDS, SURVEY_WORDS)


@cache
def own_words(language: str) -> Mapping[str, str]:
    """All of a page's own texts in a language."""
    return {name: texts.get(language) or texts[_FALLBACK] for words in VOCABULARIES for name, texts in words.items()}
