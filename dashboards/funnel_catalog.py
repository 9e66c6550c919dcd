"""The words around the figures of a campaign's page, in English and in French."""

from dashboards.texts import Text

FUNNEL_TEXTS: dict[str, Text] = {
    "standing.until": Text("Provisional until {time}", "Provisoire jusqu’au {time}"),
    "standing.open": Text("Provisional", "Provisoire"),
    "standing.final": Text("Final since {time}", "Définitif depuis le {time}"),
    "standing.window": Text(
        (
            "What comes within {count} day of a message counts; what comes later stands apart.",
            "What comes within {count} days of a message counts; what comes later stands apart.",
        ),
        (
            "Ce qui vient au plus {count} jour après un message compte ; ce qui vient ensuite figure à part.",
            "Ce qui vient au plus {count} jours après un message compte ; ce qui vient ensuite figure à part.",
        ),
    ),
    "provisional.receipts": Text(
        ("{count} receipt is still to come.", "{count} receipts are still to come."),
        ("{count} accusé est encore attendu.", "{count} accusés sont encore attendus."),
    ),
    "provisional.facts": Text(
        ("{count} event was learnt and is not counted yet.", "{count} events were learnt and are not counted yet."),
        ("{count} événement est connu et pas encore compté.", "{count} événements sont connus et pas encore comptés."),
    ),
    "provisional.sending": Text("The campaign is still being sent.", "La campagne est encore en cours d’envoi."),
    # Figures
    "figures.tiles": Text("Results", "Résultats"),
    "figures.funnel": Text("Funnel", "Entonnoir"),
    "figures.whole_produced": Text("produced", "produits"),
    "figures.whole_submitted": Text("submitted", "remis"),
    "figures.whole_seen": Text("who can be seen", "aux clics observables"),
    "figures.whole_clicked": Text("that people clicked", "cliqués par des personnes"),
    "figures.whole_reached": Text("reached", "touchés"),
    "figures.whole_redeemed": Text("redeemed", "codes utilisés"),
    "figures.part_of": Text("of", "sur"),
    "figures.decided": Text(
        "{share} of those whose receipt decides, {delivered} of {decided}",
        "{share} de ceux dont l’accusé tranche, {delivered} sur {decided}",
    ),
    "figures.with_suspects": Text(
        (
            "with the {count} suspect left out; with it in: {share} ({interval}), {part} of {whole}",
            "with all {count} suspects left out; with all of them in: {share} ({interval}), {part} of {whole}",
        ),
        (
            "sans le {count} cas douteux ; avec lui : {share} ({interval}), {part} sur {whole}",
            "sans aucun des {count} cas douteux ; avec tous : {share} ({interval}), {part} sur {whole}",
        ),
    ),
    "compared.share": Text(
        (
            "{count} campaign before: {share}, {part} of {whole}",
            "{count} campaigns before: {share}, {part} of {whole}",
        ),
        (
            "{count} campagne précédente : {share}, {part} sur {whole}",
            "{count} campagnes précédentes : {share}, {part} sur {whole}",
        ),
    ),
    "compared.revenue": Text(
        ("{count} campaign before: {amount}", "{count} campaigns before: {amount}"),
        ("{count} campagne précédente : {amount}", "{count} campagnes précédentes : {amount}"),
    ),
    "figures.interval": Text("95 % interval", "intervalle à 95 %"),
    "figures.revenue": Text("Net revenue", "Chiffre d’affaires net"),
    "figures.revenue.meaning": Text(
        "What was paid with promo codes of this campaign, after the discount and less what was returned or voided since, "
        "as the shops reported it, and what was paid by its links, as payment providers did. Nothing that a page claims. "
        "Shown per submitted message too.",
        "Ce qui a été payé avec les codes promo de la campagne, remise déduite et moins ce qui a été remboursé ou annulé "
        "depuis, d’après les boutiques, et ce qui a été payé par ses liens, d’après les prestataires de paiement. Rien de "
        "ce qu’une page déclare. Rapporté aussi au message remis.",
    ),
    "figures.taken_back": Text("{amount} returned or voided, not counted", "{amount} remboursés ou annulés, non comptés"),
    "figures.per_message": Text("{amount} a message submitted", "{amount} par message remis"),
    "figures.no_link": Text(
        "No link in the text: there is no click rate", "Pas de lien dans le texte : pas de taux de clic"
    ),
    "list.no_offer": Text("no offer", "pas d’offre"),
    "list.no_link": Text("no link in the text", "pas de lien dans le texte"),
    "figures.no_share": Text(
        "Unknown: there is nothing to take a share of yet", "Inconnu : il n’y a encore rien dont prendre une part"
    ),
    "note.proved": Text(
        ("proved without a receipt that says delivered", "proved without a receipt that says delivered"),
        ("prouvé sans accusé qui dise délivré", "prouvés sans accusé qui dise délivré"),
    ),
    "note.contradicted": Text(
        ("of these although the receipt failed", "of these although the receipt failed"),
        ("d’entre eux malgré un accusé d’échec", "d’entre eux malgré un accusé d’échec"),
    ),
    "note.seen": Text(("can be seen clicking", "can be seen clicking"), ("au clic observable", "aux clics observables")),
    "note.hit_machine": Text(
        ("machine visit left out", "machine visits left out"), ("visite de machine écartée", "visites de machines écartées")
    ),
    "note.suspect": Text(("suspect", "suspects"), ("douteux", "douteux")),
    "exits.title": Text("Ways out", "Sorties"),
    "exits.text": Text(
        "Each of its own: no drop-off from one step to the next.",
        "Chacune à part : aucune n’est une perte d’une étape à la suivante.",
    ),
    "unseen.title": Text("Those who cannot be seen", "Ceux qu’on ne peut pas voir"),
    "unseen.messages": Text(
        (
            "of the {reached} messages reached went to somebody who did not consent to tracking. Its clicks cannot be told "
            "apart, and it is in no click rate.",
            "of the {reached} messages reached went to people who did not consent to tracking. Their clicks cannot be told "
            "apart, and they are in no click rate.",
        ),
        (
            "des {reached} messages touchés est allé à une personne qui n’a pas consenti au suivi. Ses clics ne se "
            "distinguent pas ; il n’entre dans aucun taux de clic.",
            "des {reached} messages touchés sont allés à des personnes qui n’ont pas consenti au suivi. Leurs clics ne se "
            "distinguent pas ; ils n’entrent dans aucun taux de clic.",
        ),
    ),
    "unseen.hits": Text(
        (
            "opening of all of their links together, by people and machines alike.",
            "openings of all of their links together, by people and machines alike.",
        ),
        (
            "ouverture de l’ensemble de leurs liens, personnes et machines confondues.",
            "ouvertures de l’ensemble de leurs liens, personnes et machines confondues.",
        ),
    ),
    "late.title": Text("After the window", "Après la fenêtre"),
    "late.text": Text(
        (
            "What came more than {count} day after its message was submitted. It is in no rate above, and moves none.",
            "What came more than {count} days after its message was submitted. It is in no rate above, and moves none.",
        ),
        (
            "Ce qui est venu plus de {count} jour après la remise de son message. Cela n’entre dans aucun taux ci-dessus.",
            "Ce qui est venu plus de {count} jours après la remise de son message. Cela n’entre dans aucun taux ci-dessus.",
        ),
    ),
    "remark.one.title": Text("A campaign of one message", "Une campagne d’un seul message"),
    "remark.one.text": Text(
        "A rate of one message is all or nothing: read the counts.",
        "Un taux sur un seul message vaut tout ou rien : lisez les nombres.",
    ),
    "remark.single.title": Text("Single messages", "Messages à l’unité"),
    "remark.single.text": Text(
        "Each has a text and a link of its own, and they go out one by one as long as the month lasts. The rates mix them.",
        "Chacun a son texte et son lien, et ils partent un à un tant que dure le mois. Les taux les mélangent.",
    ),
    "remark.none_left.title": Text("No message has left", "Aucun message n’est parti"),
    "remark.none_left.text": Text("Of {produced} produced: {states}.", "Sur {produced} produits : {states}."),
    "remark.none_arrived.title": Text("No message has arrived", "Aucun message n’est arrivé"),
    "remark.none_arrived.text": Text(
        "Of {submitted} submitted: {states}. So there is nothing to take a click or redemption rate of.",
        "Sur {submitted} remis : {states}. Il n’y a donc rien dont prendre un taux de clic ou d’utilisation.",
    ),
    "remark.suspects.title": Text("No click by a person was seen", "Aucun clic d’une personne n’a été vu"),
    "remark.suspects.text": Text(
        (
            "{count} message was opened by something that may be a person or a machine: the click rate is somewhere between "
            "0 and {share}.",
            "{count} messages were opened by something that may be a person or a machine: the click rate is somewhere "
            "between 0 and {share}.",
        ),
        (
            "{count} message a été ouvert par ce qui peut être une personne ou une machine : le taux de clic est entre 0 et "
            "{share}.",
            "{count} messages ont été ouverts par ce qui peut être une personne ou une machine : le taux de clic est entre "
            "0 et {share}.",
        ),
    ),
    "remark.machines.title": Text("No click by a person was seen", "Aucun clic d’une personne n’a été vu"),
    "remark.machines.text": Text(
        (
            "{count} message was opened by previews, scanners or robots alone.",
            "{count} messages were opened by previews, scanners or robots alone.",
        ),
        (
            "{count} message n’a été ouvert que par des aperçus, des antivirus ou des robots.",
            "{count} messages n’ont été ouverts que par des aperçus, des antivirus ou des robots.",
        ),
    ),
    "ledger.title": Text("Where every message is", "Où est chaque message"),
    "ledger.adds_up": Text(
        "Every message is in exactly one state: both lines add up.",
        "Chaque message est dans un seul état : les deux lignes tombent juste.",
    ),
    "more.title": Text("Left out, contradictions and replies", "Écartés, contradictions et réponses"),
    "chart.title": Text("From step to step", "D’étape en étape"),
    "chart.label": Text(
        "The funnel as a picture; the table below holds the same figures.",
        "L’entonnoir en image ; le tableau ci-dessous contient les mêmes chiffres.",
    ),
    "chart.table": Text("The picture as a table", "L’image sous forme de tableau"),
    "chart.step": Text("Step", "Étape"),
    "chart.messages": Text("Messages", "Messages"),
    "chart.of_first": Text("Of produced", "Des produits"),
    "chart.rate": Text("Rate", "Taux"),
    "chart.note": Text(
        "Only people who consented to tracking can be seen clicking, so what is told of clicks is no share of those "
        "produced. Codes are used without a click too: a later step is not always a part of the one before.",
        "Seuls les clics des personnes qui ont consenti au suivi sont observables : ce qui est dit des clics n’est pas une "
        "part des produits. Des codes servent aussi sans clic : une étape n’est pas toujours une part de la précédente.",
    ),
    "chart.note.picture": Text(
        "In the picture, per cent are of those produced; the lighter part of a bar is codes used without a click.",
        "Dans l’image, les pourcentages portent sur les produits ; la part plus claire d’une barre, ce sont les codes "
        "utilisés sans clic.",
    ),
    "funnel.empty.draft.title": Text("Nothing was sent yet", "Rien n’a encore été envoyé"),
    "funnel.empty.draft.text": Text(
        "The funnel will stand here, from messages produced to codes redeemed. {id} is sent from its page, by "
        "“{button}”: first you see who gets it and what it costs.",
        "L’entonnoir figurera ici, des messages produits aux codes utilisés. {id} s’envoie depuis sa page, par "
        "« {button} » : vous verrez d’abord qui le reçoit et ce que cela coûte.",
    ),
    "funnel.empty.waiting.title": Text("Nothing was sent yet", "Rien n’a encore été envoyé"),
    "funnel.empty.waiting.text": Text(
        "The funnel will stand here, from messages produced to codes redeemed.",
        "L’entonnoir figurera ici, des messages produits aux codes utilisés.",
    ),
    "funnel.empty.sent.title": Text("Nobody was sent to", "Personne n’a reçu d’envoi"),
    "funnel.empty.sent.text": Text(
        "Nobody in the audience of {id} may be sent to: without consent, after STOP, or without a number. So there are no "
        "figures.",
        "Dans l’audience de {id}, on ne peut écrire à personne : pas de consentement, STOP, ou pas de numéro. Il n’y a donc "
        "pas de chiffres.",
    ),
    "funnel.empty.cancelled.title": Text("Nothing was sent", "Rien n’a été envoyé"),
    "funnel.empty.cancelled.text": Text(
        "{id} was cancelled before any message of it was made. So there are no figures.",
        "{id} a été annulée avant qu’un message soit créé. Il n’y a donc pas de chiffres.",
    ),
    "live.updated": Text("Updated {time}", "Mis à jour à {time}"),
    "live.refresh": Text("Refresh the figures", "Actualiser les chiffres"),
    "live.failed": Text(
        "No answer from the server: the figures may be older than they look. Trying again.",
        "Le serveur ne répond pas : ces chiffres datent peut-être. Nouvel essai en cours.",
    ),
    "live.signed_out": Text(
        "You are signed out: the figures stand still. Reload the page to sign in.",
        "Vous êtes déconnecté : les chiffres sont figés. Rechargez la page pour vous connecter.",
    ),
    "claimed.label": Text("Claimed conversions", "Conversions déclarées"),
    "claimed.meaning": Text(
        "Orders that a page of yours claimed by the snippet, by visitors who came by this campaign’s links. Any browser can "
        "claim one, so they are never revenue.",
        "Commandes déclarées par une de vos pages, par le script, pour des visiteurs venus par les liens de la campagne. "
        "N’importe quel navigateur peut en déclarer : elles n’entrent jamais dans le chiffre d’affaires.",
    ),
}
