"""Why messages are not delivered and what to do about it, in English as `linksvc.delivery_causes` says it, and in French.

For `dashboards.charts.deliveries`; a test holds the two tables to the same causes.
"""

from dashboards.texts import Text
from linksvc.delivery_causes import CAUSES

_FRENCH = {
    "number_unknown": (
        "Le numéro n’est pas attribué, ou ne peut pas recevoir de messages.",
        "Retirez le numéro de la liste.",
    ),
    "number_barred": (
        "L’opérateur ou l’abonnement du destinataire bloque ce genre de messages.",
        "Joignez cette personne autrement.",
    ),
    "not_reached": (
        "Le téléphone est resté éteint ou hors de portée pendant tous les essais.",
        "Renvoyez un autre jour ; si cela dure des mois, le numéro n’est plus utilisé.",
    ),
    "handset_full": (
        "Le téléphone ou sa carte n’avait plus de place pour le message, ou ne l’a pas pris.",
        "Renvoyez un autre jour.",
    ),
    "sender_refused": (
        "L’expéditeur de la campagne n’est pas admis sur cette route ou dans ce pays.",
        "Faites enregistrer l’expéditeur auprès de l’opérateur, ou envoyez avec un autre.",
    ),
    "content_refused": (
        "Le texte a été pris pour du spam, ou n’est pas admis.",
        "Demandez à l’opérateur quelle règle il enfreint ; changez le texte.",
    ),
    "message_invalid": (
        "Le message ne peut pas partir sous cette forme : sa longueur, son codage ou un champ n’est pas accepté.",
        "Raccourcissez le texte ; l’exploitant de Ricochet vérifie la forme longue et l’alphabet de la route.",
    ),
    "rejected": (
        "L’opérateur a pris le message puis l’a refusé, sans dire pourquoi.",
        "Demandez à l’opérateur ; c’est souvent l’expéditeur, le texte ou le contrat.",
    ),
    "no_credit": (
        "Le compte n’a plus de crédit, ou son contrat ne couvre pas ce message.",
        "Faites recharger le compte, puis essayez de nouveau la route.",
    ),
    "not_covered": (
        "La route ne dessert pas ce pays ou ce réseau.",
        "Indiquez la couverture de la route (ricochet route cover), pour qu’une autre soit prise.",
    ),
    "throttled": (
        "Plus de messages ont été remis que l’opérateur n’en prend à la fois.",
        "Rien : le débit baisse de lui-même. Si cela dure, réduisez le débit de la route.",
    ),
    "queue_full": (
        "L’opérateur a trop de messages en attente.",
        "Rien : un nouvel essai suit. Si cela dure, dites-le à l’opérateur.",
    ),
    "route_error": (
        "Le système de l’opérateur a failli.",
        "Rien : un nouvel essai suit, par une autre route s’il y en a une. Si cela dure, dites-le à l’opérateur.",
    ),
    "not_bound": ("La session n’était plus ouverte.", "Rien : elle est rouverte."),
    "given_up": (
        "Refusé pour l’instant autant de fois, ou aussi longtemps, que la route l’admet.",
        "Trouvez pourquoi la route refuse ; renvoyez.",
    ),
    "undeliverable": (
        "L’opérateur n’a pas pu le délivrer et ne dit pas pourquoi.",
        "S’il y en a beaucoup, demandez à l’opérateur ce que son code veut dire et indiquez-le à la route (ricochet route "
        "error).",
    ),
    "withdrawn": ("L’opérateur a supprimé le message avant de le délivrer.", "Demandez à l’opérateur pourquoi."),
    "unknown": ("L’opérateur ne sait pas ce qu’il est devenu.", "Comptez-le comme non délivré."),
}

_NONE = Text("No cause was told.", "Aucune cause n’a été indiquée.")
_ASK = Text("If many are like this, ask the operator.", "S’il y en a beaucoup, demandez à l’opérateur.")

MEANINGS = {name: Text(CAUSES[name].meaning, meaning) for name, (meaning, _) in _FRENCH.items()} | {"": _NONE}
"""By cause; the empty one is that of messages for which none was told."""

ADVICE = {name: Text(CAUSES[name].advice, advice) for name, (_, advice) in _FRENCH.items()} | {"": _ASK}
