"""Every stage and figure of the funnel, named and defined in plain words. docs/definitions.md says the same.

The pages show a definition beside each figure; tests hold this table to `linksvc.stages` and the docs to this table.
"""

from dashboards.late_definitions import LATE_DEFINITIONS
from dashboards.texts import Definition, Text

DEFINITIONS: dict[str, Definition] = LATE_DEFINITIONS | {
    "produced": Definition(
        Text("Produced", "Produits"),
        Text(
            "Messages made for this campaign: one for each person of its audience who may be sent to.",
            "Messages créés pour cette campagne : un par personne de son audience à qui l’on peut écrire.",
        ),
    ),
    "queued": Definition(
        Text("Queued", "En file"),
        Text("Messages that wait for their turn to leave.", "Messages qui attendent leur tour de partir."),
    ),
    "held": Definition(
        Text("Held back", "Retenus"),
        Text(
            "Messages kept back for now, by hours, holidays, caps or their own schedule; they may still leave.",
            "Messages retenus pour l’instant, par les horaires, les jours fériés, les plafonds ou leur programmation ; ils "
            "peuvent encore partir.",
        ),
    ),
    "stopped": Definition(
        Text("Stopped", "Arrêtés par STOP"),
        Text(
            "Messages that did not leave because their recipient had said STOP by then.",
            "Messages qui ne sont pas partis : entre-temps, leur destinataire avait répondu STOP.",
        ),
    ),
    "left_out": Definition(
        Text("Left out", "Laissés de côté"),
        Text(
            "Messages that did not leave because their recipient had meanwhile done, with the message before, what this one "
            "was to remind them of.",
            "Messages qui ne sont pas partis : entre-temps, leur destinataire avait fait, avec le message précédent, ce que "
            "celui-ci devait lui rappeler.",
        ),
    ),
    "cancelled": Definition(
        Text("Cancelled", "Annulés"),
        Text(
            "Messages that did not leave because the campaign was cancelled.",
            "Messages qui ne sont pas partis : la campagne a été annulée.",
        ),
    ),
    "expired_unsent": Definition(
        Text("Expired before leaving", "Expirés avant l’envoi"),
        Text(
            "Messages that did not leave within the time set for them.",
            "Messages qui ne sont pas partis dans le délai prévu.",
        ),
    ),
    "refused": Definition(
        Text("Refused", "Refusés"),
        Text(
            "Messages that the operator refused for good when they were handed over. They were never on their way.",
            "Messages que l’opérateur a refusés définitivement à la remise. Ils ne sont jamais partis.",
        ),
    ),
    "outcome_unknown": Definition(
        Text("Outcome unknown", "Issue inconnue"),
        Text(
            "Messages handed over whose answer was lost. They may or may not have left, and are never sent again by "
            "themselves.",
            "Messages remis dont la réponse s’est perdue. Partis ou non, ils ne sont jamais renvoyés d’eux-mêmes.",
        ),
    ),
    "submitted": Definition(
        Text("Submitted", "Remis à l’opérateur"),
        Text(
            "Messages of which the operator accepted at least one part.",
            "Messages dont l’opérateur a accepté au moins une partie.",
        ),
    ),
    "pending": Definition(
        Text("Waiting for a receipt", "En attente d’accusé"),
        Text(
            "Submitted messages whose final receipt has not come yet, for every part.",
            "Messages remis dont l’accusé final n’est pas encore arrivé pour chaque partie.",
        ),
    ),
    "delivered": Definition(
        Text("Delivered", "Délivrés"),
        Text(
            "Submitted messages that the operator reports as delivered, every part. It is what the operator says, never "
            "rewritten.",
            "Messages remis que l’opérateur déclare délivrés, toutes parties comprises. C’est sa parole, jamais réécrite.",
        ),
    ),
    "failed": Definition(
        Text("Failed", "Échoués"),
        Text(
            "Submitted messages whose receipt says undeliverable, rejected or deleted, for at least one part, or of which "
            "one part was not taken.",
            "Messages remis dont l’accusé dit non livrable, rejeté ou supprimé, pour au moins une partie, ou dont une "
            "partie n’a pas été acceptée.",
        ),
    ),
    "expired": Definition(
        Text("Expired", "Expirés"),
        Text(
            "Submitted messages that the operator gave up on: the phone stayed out of reach for too long.",
            "Messages remis que l’opérateur a abandonnés : le téléphone est resté trop longtemps injoignable.",
        ),
    ),
    "unknown": Definition(
        Text("Unknown", "Sort inconnu"),
        Text(
            "Submitted messages whose final receipt says that nobody knows. It is neither success nor failure.",
            "Messages remis dont l’accusé final dit que nul ne sait. Ce n’est ni un succès ni un échec.",
        ),
    ),
    "reached": Definition(
        Text("Reached", "Touchés"),
        Text(
            "Messages delivered by their receipt, or proved to have arrived by a click, a code that was used or a reply.",
            "Messages délivrés d’après leur accusé, ou dont un clic, un code utilisé ou une réponse prouve l’arrivée.",
        ),
    ),
    "seen": Definition(
        Text("Clicks can be seen", "Clics observables"),
        Text(
            "Reached messages to people who consented to tracking. Only their clicks can be told apart, so click rates "
            "are taken over them.",
            "Messages touchés de personnes qui ont consenti au suivi. Seuls leurs clics se distinguent : les taux de clic"
            " portent sur elles.",
        ),
    ),
    "clicked": Definition(
        Text("Clicked by people", "Cliqués par des personnes"),
        Text(
            "Messages whose personal link was opened by a person at least once. That it was the recipient cannot be "
            "known: links are forwarded.",
            "Messages dont le lien personnel a été ouvert au moins une fois par une personne. Rien ne prouve que ce soit "
            "le destinataire : un lien se transmet.",
        ),
    ),
    "suspect": Definition(
        Text("Suspect clicks only", "Clics douteux seulement"),
        Text(
            "Messages without a click by a person, opened by something that may be one. They are not in the click rate; "
            "its upper bound counts them all.",
            "Messages sans clic d’une personne, ouverts par quelque chose qui pourrait en être une. Hors du taux de clic "
            "; sa borne haute les compte tous.",
        ),
    ),
    "machine": Definition(
        Text("Opened by machines only", "Ouverts par des machines seulement"),
        Text(
            "Messages whose link was opened by previews, scanners or robots alone. They are not in the click rate.",
            "Messages dont le lien n’a été ouvert que par des aperçus, des antivirus ou des robots. Hors du taux de clic.",
        ),
    ),
    "engaged": Definition(
        Text("Engaged", "Engagés"),
        Text(
            "Messages behind whose link somebody did what only a person does: pressed a button, copied the code, scratched, "
            "filled in a form, played a video. Opening the page is not enough. Of people who consented to tracking.",
            "Messages derrière le lien desquels quelqu’un a fait ce que seule une personne fait : presser un bouton, copier "
            "le code, gratter, remplir un formulaire, lancer une vidéo. Ouvrir la page ne suffit pas. Parmi les personnes "
            "qui ont consenti au suivi.",
        ),
    ),
    "redeemed": Definition(
        Text("Redeemed", "Codes utilisés"),
        Text(
            "Messages whose promo code was used in a shop at least once, with or without a click.",
            "Messages dont le code promo a été utilisé en boutique au moins une fois, avec ou sans clic.",
        ),
    ),
    "redeemed_unclicked": Definition(
        Text("Redeemed without a click", "Utilisés sans clic"),
        Text(
            "Messages whose code was used although no person was seen clicking, among people who consented to tracking: "
            "the code was read off the SMS. Valid.",
            "Messages dont le code a été utilisé sans qu’un clic ait été vu, parmi les personnes qui ont consenti au "
            "suivi : le code a été lu dans le SMS. Valable.",
        ),
    ),
    "paid": Definition(
        Text("Paid", "Payés"),
        Text(
            "Messages that asked for a payment which was made, as the payment provider’s signed callback says.",
            "Messages qui demandaient un paiement, effectué d’après l’avis signé du prestataire de paiement.",
        ),
    ),
    "replied": Definition(
        Text("Replied", "Ayant répondu"),
        Text("Messages that their recipient answered, STOP included.", "Messages auxquels on a répondu, STOP compris."),
    ),
    "opted_out": Definition(
        Text("Opted out", "Désinscrits"),
        Text(
            "Messages answered with STOP, or whose page was used to opt out. Nothing is sent to that number any more.",
            "Messages auxquels on a répondu STOP, ou désinscrits sur leur page. Plus rien n’est envoyé à ce numéro.",
        ),
    ),
    "contradicted": Definition(
        Text("Receipt contradicted", "Accusé contredit"),
        Text(
            "Messages whose receipt says failed or expired, and yet somebody clicked, used the code or replied. The "
            "receipt is left as it is; they count as reached.",
            "Messages dont l’accusé dit échoué ou expiré, et pourtant quelqu’un a cliqué, utilisé le code ou répondu. "
            "L’accusé reste tel quel ; ils comptent comme touchés.",
        ),
    ),
    "hit_human": Definition(
        Text("Visits by people", "Visites de personnes"),
        Text(
            "Openings of the campaign’s links by people, each one counted, repeats included.",
            "Ouvertures des liens de la campagne par des personnes, chacune comptée, répétitions comprises.",
        ),
    ),
    "hit_suspect": Definition(
        Text("Suspect visits", "Visites douteuses"),
        Text(
            "Openings of the links by something that may be a person or a machine, each one counted.",
            "Ouvertures des liens par ce qui peut être une personne ou une machine, chacune comptée.",
        ),
    ),
    "hit_machine": Definition(
        Text("Machine visits left out", "Visites de machines écartées"),
        Text(
            "Openings of the links by previews, scanners and robots, each one counted and left out of every rate.",
            "Ouvertures des liens par des aperçus, des antivirus et des robots, chacune comptée et écartée de tous les "
            "taux.",
        ),
    ),
    "hit_unnamed": Definition(
        Text("Visits that name nobody", "Visites anonymes"),
        Text(
            "Openings of links of people who did not consent to tracking. They name nobody, and are in no rate; each is "
            "also among the visits of its verdict.",
            "Ouvertures de liens de personnes qui n’ont pas consenti au suivi. Elles ne désignent personne et n’entrent "
            "dans aucun taux ; chacune est aussi parmi les visites de son verdict.",
        ),
    ),
    "redemption": Definition(
        Text("Redemptions", "Utilisations de codes"),
        Text(
            "Every use of a promo code of this campaign. Revenue is what was paid in them, after the discount, and in "
            "payments by link; net revenue is that less returns and voids.",
            "Chaque utilisation d’un code promo de la campagne. Le chiffre d’affaires est ce qui y a été payé, remise "
            "déduite, et ce qui a été payé par lien ; net, il est diminué des remboursements et des annulations.",
        ),
    ),
    "return": Definition(
        Text("Returns", "Remboursements"),
        Text(
            "Amounts paid back on orders that used a code. The code stays used, and its message redeemed.",
            "Sommes remboursées sur des commandes qui ont utilisé un code. Le code reste utilisé, et son message converti.",
        ),
    ),
    "void": Definition(
        Text("Voided redemptions", "Utilisations annulées"),
        Text(
            "Redemptions that were undone. They stay among the redemptions; what they brought is taken off the net revenue, "
            "and a message without another one is not redeemed any more.",
            "Utilisations qui ont été annulées. Elles restent parmi les utilisations ; ce qu’elles ont rapporté est retiré "
            "du chiffre d’affaires net, et un message qui n’en a pas d’autre n’est plus converti.",
        ),
    ),
    "payment": Definition(
        Text("Payments", "Paiements"),
        Text(
            "Every payment that a message’s link asked for and that was made, counted once however often the provider tells "
            "it. Its amount is revenue.",
            "Chaque paiement demandé par le lien d’un message et effectué, compté une fois même si le prestataire le "
            "répète. Son montant entre dans le chiffre d’affaires.",
        ),
    ),
}
