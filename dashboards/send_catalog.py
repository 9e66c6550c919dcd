"""What the page says on which a draft is sent, in English and in French. For `dashboards.catalog`."""

from dashboards.texts import Text

SEND_TEXTS: dict[str, Text] = {
    "send.open": Text("Review and send", "Vérifier et envoyer"),
    "send.change": Text("Change when it is sent", "Changer l’heure d’envoi"),
    "send.title": Text("Review and send", "Vérifier et envoyer"),
    "send.back": Text("Back to the campaign", "Retour à la campagne"),
    "send.who": Text("Who gets it", "Qui le reçoit"),
    "send.who.text": Text(
        "As of now. It is asked again when messages are made, and as each leaves.",
        "État actuel. C’est vérifié de nouveau à la création des messages, puis à chaque départ.",
    ),
    "send.people": Text("People", "Personnes"),
    "send.listed": Text("Listed by the segments, some in several", "Inscriptions dans les segments, parfois plusieurs fois"),
    "send.audience": Text("In the audience", "Dans l’audience"),
    "send.left.no_number": Text("Left out: no number", "Laissées de côté : pas de numéro"),
    "send.left.no_consent": Text("Left out: no consent to marketing", "Laissées de côté : pas de consentement au marketing"),
    "send.left.stopped": Text("Left out: said STOP", "Laissées de côté : ont répondu STOP"),
    "send.left.same_number": Text(
        "Left out: somebody else with the same number gets it",
        "Laissées de côté : une autre personne du même numéro le reçoit",
    ),
    "send.sendable": Text("Will be sent to", "Recevront le message"),
    "send.follow_up": Text(
        "Besides, whoever has done one of these by then is left out as the message is about to leave: {done}.",
        "De plus, qui aura fait l’un de ces actes d’ici là est laissé de côté au moment du départ : {done}.",
    ),
    "send.cost": Text("What it costs", "Ce que cela coûte"),
    "send.parts.same": Text(
        (
            "Each message takes {count} part (SMS), by the texts of {sampled} of the recipients.",
            "Each message takes {count} parts (SMS), by the texts of {sampled} of the recipients.",
        ),
        (
            "Chaque message prend {count} partie (SMS), d’après les textes de {sampled} destinataires.",
            "Chaque message prend {count} parties (SMS), d’après les textes de {sampled} destinataires.",
        ),
    ),
    "send.parts.range": Text(
        "Each message takes {least} to {most} parts (SMS), by the texts of {sampled} of the recipients.",
        "Chaque message prend de {least} à {most} parties (SMS), d’après les textes de {sampled} destinataires.",
    ),
    "send.cost.about": Text("About {cost}.", "Environ {cost}."),
    "send.cost.range": Text(
        "Between {least} and {most}, by which route carries it.",
        "Entre {least} et {most}, selon la route qui l’achemine.",
    ),
    "send.cost.unpriced": Text(
        (
            "Not in it: {count} recipient, as the price of a part there is not known or is in several currencies. Whoever "
            "runs Ricochet sets prices with ricochet route price.",
            "Not in it: {count} recipients, as the price of a part there is not known or is in several currencies. Whoever "
            "runs Ricochet sets prices with ricochet route price.",
        ),
        (
            "Non compris : {count} destinataire, car le prix d’une partie y est inconnu ou dans plusieurs devises. La "
            "personne qui administre Ricochet fixe les prix par ricochet route price.",
            "Non compris : {count} destinataires, car le prix d’une partie y est inconnu ou dans plusieurs devises. La "
            "personne qui administre Ricochet fixe les prix par ricochet route price.",
        ),
    ),
    "send.cost.unknown": Text(
        "The cost cannot be told: no route tells the price of a part to these recipients. Whoever runs Ricochet sets prices "
        "with ricochet route price.",
        "Le coût ne peut pas être dit : aucune route ne donne le prix d’une partie vers ces destinataires. La personne qui "
        "administre Ricochet fixe les prix par ricochet route price.",
    ),
    "send.now": Text("Now", "Maintenant"),
    "send.now.help": Text(
        "Messages leave within seconds; quiet hours and caps hold back those they are about. You can pause or cancel.",
        "Les messages partent en quelques secondes ; heures calmes et plafonds retiennent ceux qu’ils concernent. Vous "
        "pouvez mettre en pause ou annuler.",
    ),
    "send.now.button": Text(
        ("Send to {count} person now", "Send to {count} people now"),
        ("Envoyer maintenant à {count} personne", "Envoyer maintenant à {count} personnes"),
    ),
    "send.later": Text("At a time", "À une heure choisie"),
    "send.at": Text("Date and hour", "Date et heure"),
    "send.at.help": Text(
        "As clocks show it. It can be changed until then; the audience is that of then.",
        "Comme l’affichent les horloges. Modifiable jusque-là ; l’audience est celle de ce moment.",
    ),
    "send.zone": Text("Whose clocks", "Selon quelle horloge"),
    "send.zone.recipient": Text("each recipient’s own", "celle de chaque destinataire"),
    "send.later.button": Text(
        ("Schedule for {count} person", "Schedule for {count} people"),
        ("Programmer pour {count} personne", "Programmer pour {count} personnes"),
    ),
    "send.nobody.title": Text("Nobody may be sent to", "On ne peut écrire à personne"),
    "send.nobody": Text(
        "Nobody of this audience has a number, has consented and has not said STOP. Import contacts with their consent, or "
        "choose another audience.",
        "Dans cette audience, personne n’a à la fois un numéro, donné son consentement et pas répondu STOP. Importez des "
        "contacts avec leur consentement, ou choisissez une autre audience.",
    ),
    "send.wrong.title": Text("It was not sent", "Rien n’a été envoyé"),
    "send.wrong.schedule_invalid": Text("Choose a date and an hour.", "Choisissez une date et une heure."),
    "send.wrong.schedule_past": Text(
        "That time is over. Choose a later one.", "Cette heure est passée. Choisissez-en une autre."
    ),
    "send.wrong.codes_too_few": Text(
        "The lists of the offer have fewer codes left than there are people. Import more codes into the offer first.",
        "Les listes de l’offre ont moins de codes restants qu’il n’y a de personnes. Importez d’abord d’autres codes.",
    ),
    "send.wrong.sandbox_sends_nothing": Text(
        "This is a sandbox: no SMS leaves it.", "C’est un bac à sable : aucun SMS n’en part."
    ),
    "send.wrong.other": Text(
        "It cannot be sent as it is. Look at the campaign again.",
        "Elle ne peut pas être envoyée ainsi. Regardez de nouveau la campagne.",
    ),
}
