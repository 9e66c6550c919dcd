"""What the charts below a campaign's funnel say, in English and in French. For `dashboards.catalog`."""

from dashboards.texts import Text
from linksvc.delivery_causes import SEND_ANEW

CHART_TEXTS: dict[str, Text] = {
    # Every chart
    "charts.heading": Text("In detail", "Dans le détail"),
    "charts.table": Text("As a table", "Sous forme de tableau"),
    "charts.picture": Text(
        "{title}, as a picture; the table below holds the same figures.",
        "{title}, en image ; le tableau ci-dessous contient les mêmes chiffres.",
    ),
    "charts.messages": Text("Messages", "Messages"),
    "charts.sum": Text("Total", "Total"),
    "charts.no_share": Text("there is nothing to take a share of yet", "il n’y a encore rien dont prendre une part"),
    "charts.so_far": Text("By then", "Jusque-là"),
    "charts.bars": Text("messages (bars)", "messages (barres)"),
    "charts.line": Text("share by then (line)", "part jusque-là (ligne)"),
    "charts.quantiles": Text(
        "Half of them: {half} (median). Nine in ten: {most} (90th percentile).",
        "La moitié : {half} (médiane). Neuf sur dix : {most} (90e centile).",
    ),
    "charts.one_step": Text("All of them in one step: {step}.", "Tous dans le même intervalle : {step}."),
    "charts.seconds": Text("{amount} s", "{amount} s"),
    "charts.minutes": Text("{amount} min", "{amount} min"),
    "charts.hours": Text("{amount} h", "{amount} h"),
    "charts.days": Text("{amount} d", "{amount} j"),
    "charts.known": Text("known", "connu"),
    "charts.before": Text("before", "avant"),
    "charts.longer": Text("{since} or longer", "{since} ou plus"),
    # Delivery
    "charts.deliveries.title": Text("Delivery and its causes", "Remise et causes d’échec"),
    "charts.deliveries.lead": Text(
        ("What became of the {count} message submitted.", "What became of the {count} messages submitted."),
        (
            "Ce qu’est devenu le {count} message remis à l’opérateur.",
            "Ce que sont devenus les {count} messages remis à l’opérateur.",
        ),
    ),
    "charts.deliveries.empty": Text(
        "Nothing was submitted yet: what operators say of each message will stand here.",
        "Rien n’a encore été remis : ce que les opérateurs disent de chaque message figurera ici.",
    ),
    "charts.deliveries.state": Text("State", "État"),
    "charts.deliveries.of_submitted": Text("Of submitted", "Des remis"),
    "charts.deliveries.submitted": Text("Submitted", "Remis à l’opérateur"),
    "charts.deliveries.confirmed": Text("Delivered, confirmed", "Délivrés, confirmés"),
    "charts.deliveries.arrived": Text("Delivered without confirmation", "Délivrés sans confirmation"),
    "charts.deliveries.temporary": Text("Failed, may pass", "Échec temporaire"),
    "charts.deliveries.permanent": Text("Failed for good", "Échec définitif"),
    "charts.deliveries.expired": Text("Expired", "Expirés"),
    "charts.deliveries.unknown": Text("Unknown", "Sort inconnu"),
    "charts.deliveries.pending": Text("Waiting for a receipt", "En attente d’accusé"),
    "charts.deliveries.arrived_means": Text(
        "Delivered without confirmation: no receipt says delivered, but somebody clicked, used the code or replied.",
        "Délivrés sans confirmation : aucun accusé ne dit délivré, mais quelqu’un a cliqué, utilisé le code ou répondu.",
    ),
    "charts.deliveries.proved_unknown": Text(
        (
            "of the {said} whose receipt says unknown is among these: somebody clicked, used the code or replied.",
            "of the {said} whose receipts say unknown are among these: somebody clicked, used the code or replied.",
        ),
        (
            "des {said} dont l’accusé dit « sort inconnu » est parmi eux : quelqu’un a cliqué, utilisé le code ou répondu.",
            "des {said} dont l’accusé dit « sort inconnu » sont parmi eux : quelqu’un a cliqué, utilisé le code ou répondu.",
        ),
    ),
    "charts.deliveries.adds_up": Text(
        ("The states add up to the {count} submitted.", "The states add up to the {count} submitted."),
        ("La somme des états donne {count}, le nombre des remis.", "La somme des états donne {count}, le nombre des remis."),
    ),
    "charts.deliveries.residue": Text(
        (
            "The states do not add up: {count} message is unaccounted for. The counters want to be verified.",
            "The states do not add up: {count} messages are unaccounted for. The counters want to be verified.",
        ),
        (
            "La somme des états est fausse : {count} message manque. La personne qui administre Ricochet doit vérifier les "
            "compteurs.",
            "La somme des états est fausse : {count} messages manquent. La personne qui administre Ricochet doit vérifier "
            "les compteurs.",
        ),
    ),
    "charts.causes.temporary": Text("Causes that may pass", "Causes temporaires"),
    "charts.causes.permanent": Text("Causes that last", "Causes définitives"),
    "charts.causes.never_left": Text("Refused when handed over", "Refusés à la remise"),
    "charts.causes.untold": Text("Receipts that say unknown", "Accusés qui disent « sort inconnu »"),
    "charts.causes.given_up": Text(
        SEND_ANEW,
        "Plus aucun essai ne suivra. Ouvrez ces messages et écrivez-leur à nouveau.",
    ),
    "charts.causes.cause": Text("Cause", "Cause"),
    "charts.causes.advice": Text("What to do", "Que faire"),
    "charts.causes.failed": Text("failed", "échoué"),
    "charts.causes.expired": Text("expired", "expiré"),
    "charts.causes.unknown": Text("unknown", "sort inconnu"),
    "charts.causes.refused": Text("refused, never left", "refusé, jamais parti"),
    # Time to deliver
    "charts.latency.title": Text("Time to deliver", "Délai de remise"),
    "charts.latency.lead": Text(
        (
            "From submission to the receipt that says delivered, of {count} message.",
            "From submission to the receipt that says delivered, of {count} messages.",
        ),
        (
            "De la remise à l’opérateur à l’accusé qui dit délivré, pour {count} message.",
            "De la remise à l’opérateur à l’accusé qui dit délivré, pour {count} messages.",
        ),
    ),
    "charts.latency.empty": Text(
        "No receipt says delivered yet: how long the operators take will stand here.",
        "Aucun accusé ne dit encore délivré : le temps que prennent les opérateurs figurera ici.",
    ),
    "charts.latency.since": Text("Since submission", "Depuis la remise"),
    "charts.latency.unknown": Text(
        ("delivered at a time that is not known", "delivered at times that are not known"),
        ("délivré à un moment inconnu", "délivrés à des moments inconnus"),
    ),
    # Receipts and proofs
    "charts.proofs.title": Text("Receipts and what people did", "Accusés et actes des personnes"),
    "charts.proofs.lead": Text(
        (
            "Left what the receipt says, right the strongest sign that the message arrived, of {count} submitted: a click "
            "by a person, else a used code, else a reply, else a suspect click, else a machine’s.",
            "Left what the receipts say, right the strongest sign that each message arrived, of {count} submitted: a click "
            "by a person, else a used code, else a reply, else a suspect click, else a machine’s.",
        ),
        (
            "À gauche ce que dit l’accusé, à droite le signe le plus sûr que le message est arrivé, pour {count} remis : "
            "un clic d’une personne, sinon un code utilisé, sinon une réponse, sinon un clic douteux, sinon celui d’une "
            "machine.",
            "À gauche ce que disent les accusés, à droite le signe le plus sûr que chaque message est arrivé, pour {count} "
            "remis : un clic d’une personne, sinon un code utilisé, sinon une réponse, sinon un clic douteux, sinon celui "
            "d’une machine.",
        ),
    ),
    "charts.proofs.empty": Text(
        "Nothing was submitted yet: receipts beside clicks, codes and replies will stand here.",
        "Rien n’a encore été remis : les accusés face aux clics, aux codes et aux réponses figureront ici.",
    ),
    "charts.proofs.receipt": Text("Receipt", "Accusé"),
    "charts.proofs.delivered": Text("Delivered", "Délivré"),
    "charts.proofs.failed": Text("Failed", "Échoué"),
    "charts.proofs.expired": Text("Expired", "Expiré"),
    "charts.proofs.unknown": Text("Unknown", "Sort inconnu"),
    "charts.proofs.pending": Text("Waiting for a receipt", "En attente d’accusé"),
    "charts.proofs.clicked": Text("Clicked", "Clic"),
    "charts.proofs.redeemed": Text("Code used, no click seen", "Code utilisé, aucun clic vu"),
    "charts.proofs.replied": Text("Reply only", "Réponse seulement"),
    "charts.proofs.suspect": Text("Suspect click only", "Clic douteux seulement"),
    "charts.proofs.machine": Text("Machine only", "Machine seulement"),
    "charts.proofs.nothing": Text("Nothing", "Rien"),
    "charts.proofs.unseen": Text("Cannot be seen", "Ne se voit pas"),
    "charts.proofs.contradiction": Text("Contradicts the receipt", "Contredit l’accusé"),
    "charts.proofs.denied": Text(
        ("{count} against its receipt", "{count} against their receipts"),
        ("{count} contre son accusé", "{count} contre leurs accusés"),
    ),
    "charts.proofs.contradicted": Text(
        (
            "arrived although its receipt says failed or expired (in red). It is counted on both sides: the receipt stays "
            "as it is, and what was done was done.",
            "arrived although their receipts say failed or expired (in red). They are counted on both sides: the receipts "
            "stay as they are, and what was done was done.",
        ),
        (
            "est arrivé alors que son accusé dit échoué ou expiré (en rouge). Il compte des deux côtés : l’accusé reste tel "
            "quel, et ce qui a été fait l’a été.",
            "sont arrivés alors que leurs accusés disent échoué ou expiré (en rouge). Ils comptent des deux côtés : les "
            "accusés restent tels quels, et ce qui a été fait l’a été.",
        ),
    ),
    # The click curve
    "charts.clicks.title": Text("Clicks since delivery", "Clics depuis la délivrance"),
    "charts.clicks.lead": Text(
        (
            "From the receipt to the first click by a person, of {count} message delivered and clicked.",
            "From the receipt to the first click by a person, of {count} messages delivered and clicked.",
        ),
        (
            "De l’accusé au premier clic d’une personne, pour {count} message délivré et cliqué.",
            "De l’accusé au premier clic d’une personne, pour {count} messages délivrés et cliqués.",
        ),
    ),
    "charts.clicks.empty": Text(
        "No person has clicked a message yet whose delivery is confirmed: how fast they do will stand here.",
        "Personne n’a encore cliqué sur un message dont la délivrance est confirmée : leur rapidité figurera ici.",
    ),
    "charts.clicks.since": Text("Since delivery", "Depuis la délivrance"),
    "charts.clicks.unknown": Text(
        (
            "was clicked without a receipt that says delivered; it is not in the curve.",
            "were clicked without a receipt that says delivered; they are not in the curve.",
        ),
        (
            "a été cliqué sans accusé qui dise délivré ; il n’est pas dans la courbe.",
            "ont été cliqués sans accusé qui dise délivré ; ils ne sont pas dans la courbe.",
        ),
    ),
    # Hours of the week
    "charts.hours.title": Text("Hours and days of clicks", "Heures et jours des clics"),
    "charts.hours.workspace": Text(
        "First clicks by people, by the hour of {zone}. A square’s area is its count.",
        "Premiers clics de personnes, à l’heure de {zone}. L’aire d’un carré est son nombre.",
    ),
    "charts.hours.recipients": Text(
        "First clicks by people, by the hour where each of them is, as contact or number say. A square’s area is its count.",
        "Premiers clics de personnes, à l’heure de chacune, d’après le contact ou le numéro. L’aire d’un carré est son "
        "nombre.",
    ),
    "charts.hours.choose": Text("Whose hours", "À l’heure de qui"),
    "charts.hours.choice.workspace": Text("Hours of {zone}", "Heures : {zone}"),
    "charts.hours.choice.recipients": Text("Recipients’ hours", "Heures des destinataires"),
    "charts.hours.empty": Text(
        "No person has clicked yet: the hours and days at which they do will stand here.",
        "Personne n’a encore cliqué : les heures et les jours des clics figureront ici.",
    ),
    "charts.hours.head": Text("Hour", "Heure"),
    "charts.hours.hour": Text("{hour} h", "{hour} h"),
    "charts.hours.forward": Text(
        "On {day} the clocks of {zone} went forward: that night has an hour less.",
        "Le {day}, les horloges de {zone} ont avancé : cette nuit compte une heure de moins.",
    ),
    "charts.hours.back": Text(
        "On {day} the clocks of {zone} went back: the hour that came twice counts both.",
        "Le {day}, les horloges de {zone} ont reculé : l’heure qui est venue deux fois compte les deux.",
    ),
    "charts.hours.unknown": Text(
        ("was clicked by somebody whose zone is not known", "were clicked by people whose zones are not known"),
        ("a été cliqué par une personne au fuseau inconnu", "ont été cliqués par des personnes aux fuseaux inconnus"),
    ),
    # Time to redeem
    "charts.redeeming.title": Text("Time to redeem", "Délai d’utilisation"),
    "charts.redeeming.lead": Text(
        (
            "From submission to the first use of the code, of {count} message redeemed.",
            "From submission to the first use of the code, of {count} messages redeemed.",
        ),
        (
            "De la remise à l’opérateur à la première utilisation du code, pour {count} message.",
            "De la remise à l’opérateur à la première utilisation du code, pour {count} messages.",
        ),
    ),
    "charts.redeeming.empty": Text(
        "No code was used yet: how long people take will stand here.",
        "Aucun code n’a encore été utilisé : le temps que prennent les personnes figurera ici.",
    ),
    "charts.redeeming.since": Text("Since submission", "Depuis la remise"),
    "charts.redeeming.unknown": Text(
        ("redeemed, of which no submission is known", "redeemed, of which no submission is known"),
        ("code utilisé dont aucune remise n’est connue", "codes utilisés dont aucune remise n’est connue"),
    ),
    # Devices
    "charts.devices.title": Text("Devices and systems", "Appareils et systèmes"),
    "charts.devices.lead": Text(
        (
            "Of the first click by a person, of {count} message clicked.",
            "Of the first click by a person, of {count} messages clicked.",
        ),
        (
            "Du premier clic d’une personne, pour {count} message cliqué.",
            "Du premier clic d’une personne, pour {count} messages cliqués.",
        ),
    ),
    "charts.devices.empty": Text(
        "No person has clicked yet: what they use will stand here.",
        "Personne n’a encore cliqué : ce qu’elles utilisent figurera ici.",
    ),
    "charts.devices.device": Text("Device", "Appareil"),
    "charts.devices.system": Text("System", "Système"),
    "charts.devices.share": Text("Of clicked", "Des cliqués"),
    "charts.devices.unknown": Text("Not known", "Inconnu"),
    "charts.device.phone": Text("Phone", "Téléphone"),
    "charts.device.tablet": Text("Tablet", "Tablette"),
    "charts.device.desktop": Text("Computer", "Ordinateur"),
    # Networks, countries, routes
    "charts.places.lead": Text(
        "Delivered is taken of submitted, clicked of those reached whose clicks can be seen.",
        "Délivrés : part des remis ; cliqués : part des touchés dont les clics sont observables.",
    ),
    "charts.places.lead_without": Text("Delivered is taken of submitted.", "Délivrés : part des remis."),
    "charts.places.submitted": Text("Submitted", "Remis"),
    "charts.places.delivered": Text("Delivered", "Délivrés"),
    "charts.places.clicked": Text("Clicked by people", "Cliqués par des personnes"),
    "charts.places.more": Text(("{count} more", "{count} more"), ("{count} autre", "{count} autres")),
    "charts.networks.title": Text("Networks", "Réseaux"),
    "charts.networks.head": Text("Network", "Réseau"),
    "charts.networks.empty": Text(
        "Nothing was submitted yet: what each network delivers will stand here.",
        "Rien n’a encore été remis : ce que délivre chaque réseau figurera ici.",
    ),
    "charts.networks.none": Text("Network not known", "Réseau inconnu"),
    "charts.countries.title": Text("Countries", "Pays"),
    "charts.countries.head": Text("Country", "Pays"),
    "charts.countries.empty": Text(
        "Nothing was submitted yet: what arrives in each country will stand here.",
        "Rien n’a encore été remis : ce qui arrive dans chaque pays figurera ici.",
    ),
    "charts.countries.none": Text("Country not known", "Pays inconnu"),
    "charts.routes.title": Text("Routes", "Routes"),
    "charts.routes.head": Text("Route", "Route"),
    "charts.routes.empty": Text(
        "Nothing was submitted yet: what each route delivers will stand here.",
        "Rien n’a encore été remis : ce que délivre chaque route figurera ici.",
    ),
    "charts.routes.none": Text("Route not known", "Route inconnue"),
    # Revenue and cost
    "charts.costs.no_price": Text("no part has a price", "aucune partie n’a de prix"),
    "charts.costs.title": Text("Revenue, cost and return", "Chiffre d’affaires, coût et rendement"),
    "charts.costs.lead": Text(
        "Messages submitted: {submitted}; parts that operators accepted: {fragments}.",
        "Messages remis : {submitted} ; parties acceptées par les opérateurs : {fragments}.",
    ),
    "charts.costs.empty": Text(
        "Nothing was submitted or bought yet: what the campaign brings and costs will stand here.",
        "Rien n’a encore été remis ni acheté : ce que la campagne rapporte et coûte figurera ici.",
    ),
    "charts.costs.amount": Text("Amount", "Montant"),
    "charts.costs.revenue": Text("Paid", "Payé"),
    "charts.costs.taken_back": Text("Returned or voided", "Remboursé ou annulé"),
    "charts.costs.net": Text("Net revenue", "Chiffre d’affaires net"),
    "charts.costs.cost": Text("Cost of sending", "Coût d’envoi"),
    "charts.costs.net_each": Text("Net revenue a message submitted", "Chiffre d’affaires net par message remis"),
    "charts.costs.cost_each": Text("Cost a message submitted", "Coût par message remis"),
    "charts.costs.cost_fragment": Text("Cost a part", "Coût par partie"),
    "charts.costs.return": Text(
        "Return on investment: {share}, that is {result} gained on {cost} spent on sending.",
        "Retour sur investissement : {share}, soit {result} gagnés pour {cost} dépensés à l’envoi.",
    ),
    "charts.costs.currencies": Text(
        "There is no one return on investment: revenue and cost are in different currencies, which are not added up.",
        "Il n’y a pas de retour sur investissement unique : recettes et coûts sont en devises différentes, qui ne "
        "s’additionnent pas.",
    ),
    "charts.costs.free": Text(
        "There is no return on investment: nothing was spent on sending.",
        "Il n’y a pas de retour sur investissement : rien n’a été dépensé à l’envoi.",
    ),
    "charts.costs.unpriced": Text(
        "The return on investment cannot be told: the routes’ prices are not all known.",
        "Le retour sur investissement ne peut pas être calculé : les prix des routes ne sont pas tous connus.",
    ),
    "charts.costs.partial": Text(
        "Parts without a price: {unpriced} of {fragments}. The cost is that of the others; whoever runs Ricochet sets prices"
        " with ricochet route price.",
        "Parties sans prix : {unpriced} sur {fragments}. Le coût est celui des autres ; la personne qui administre Ricochet "
        "fixe les prix par ricochet route price.",
    ),
    "charts.costs.redemptions": Text(("redemption", "redemptions"), ("utilisation de code", "utilisations de codes")),
    "charts.costs.payments": Text(("payment by link", "payments by link"), ("paiement par lien", "paiements par lien")),
    "charts.costs.returns": Text(("return", "returns"), ("remboursement", "remboursements")),
    "charts.costs.voids": Text(
        ("voided redemption", "voided redemptions"), ("utilisation annulée", "utilisations annulées")
    ),
    # Verdicts
    "charts.verdicts.title": Text("People, suspects and machines", "Personnes, douteux et machines"),
    "charts.verdicts.lead": Text(
        (
            "Of {count} visit of the campaign’s links. Rates count people alone.",
            "Of {count} visits of the campaign’s links. Rates count people alone.",
        ),
        (
            "De {count} visite des liens de la campagne. Les taux ne comptent que les personnes.",
            "De {count} visites des liens de la campagne. Les taux ne comptent que les personnes.",
        ),
    ),
    "charts.verdicts.empty": Text(
        "Nobody has opened a link yet: who does, people or machines, will stand here.",
        "Personne n’a encore ouvert de lien : qui le fait, personnes ou machines, figurera ici.",
    ),
    "charts.verdicts.verdict": Text("Verdict", "Verdict"),
    "charts.verdicts.visits": Text("Visits", "Visites"),
    "charts.verdicts.messages": Text("Messages at best so", "Messages au mieux ainsi"),
    "charts.verdicts.human": Text("People", "Personnes"),
    "charts.verdicts.suspect": Text("Suspects", "Douteux"),
    "charts.verdicts.machine": Text("Machines", "Machines"),
    "charts.verdicts.reasons": Text("Why", "Pourquoi"),
    "charts.verdicts.reason": Text("Reason", "Raison"),
    "charts.verdicts.no_reason": Text("nothing speaks against a person", "rien ne parle contre une personne"),
    "charts.verdicts.unnamed": Text(
        ("of them names nobody: no consent to tracking", "of them name nobody: no consent to tracking"),
        (
            "d’entre elles ne désigne personne : pas de consentement au suivi",
            "d’entre elles ne désignent personne : pas de consentement au suivi",
        ),
    ),
}
