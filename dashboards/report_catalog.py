"""What the pages of breakdowns, comparisons, trends and definitions say, in English and in French. For "
"`dashboards.catalog`."""

from dashboards.texts import Text

REPORT_TEXTS: dict[str, Text] = {
    "nav.trends": Text("Trends", "Tendances"),
    # Shared
    "report.interval": Text("{share} ({interval})", "{share} ({interval})"),
    "report.definitions": Text("What each name counts", "Ce que compte chaque nom"),
    "report.total": Text("Total", "Total"),
    "report.revenue": Text("Net revenue", "Chiffre d’affaires net"),
    "report.cost": Text("Cost", "Coût"),
    "report.rates": Text(
        "Under each rate stand its numerator and denominator, in brackets its 95 % interval. Every count opens its rows.",
        "Sous chaque taux, son numérateur et son dénominateur ; entre parenthèses, son intervalle à 95 %. Chaque nombre "
        "ouvre ses lignes.",
    ),
    # Breakdowns
    "by.variant": Text("By variant", "Par variante"),
    "by.segment": Text("By segment", "Par segment"),
    "by.route": Text("By route", "Par route"),
    "by.country": Text("By country", "Par pays"),
    "by.network": Text("By network", "Par réseau"),
    "by.device": Text("By device", "Par appareil"),
    "by.hour": Text("By hour of submission", "Par heure de remise"),
    "by.variant.head": Text("Variant", "Variante"),
    "by.segment.head": Text("Segment", "Segment"),
    "by.route.head": Text("Route", "Route"),
    "by.country.head": Text("Country", "Pays"),
    "by.network.head": Text("Network", "Réseau"),
    "by.device.head": Text("Device of the first click", "Appareil du premier clic"),
    "by.hour.head": Text("Hour, from", "Heure, à partir de"),
    "by.variant.none": Text("No variant", "Sans variante"),
    "by.segment.none": Text("No segment", "Sans segment"),
    "by.route.none": Text("Not submitted", "Non remis"),
    "by.country.none": Text("Country not known", "Pays inconnu"),
    "by.network.none": Text("Network not known", "Réseau inconnu"),
    "by.device.none": Text("Device not known", "Appareil inconnu"),
    "by.device.unknown": Text(
        "What came of these clicks cannot be told from what came without a click.",
        "Ce qui est venu de ces clics ne se distingue pas de ce qui est venu sans clic.",
    ),
    "by.device.phone": Text("Phone", "Téléphone"),
    "by.device.tablet": Text("Tablet", "Tablette"),
    "by.device.computer": Text("Computer", "Ordinateur"),
    "by.device.other": Text("Other", "Autre"),
    "by.choose": Text("Break down", "Détailler"),
    "by.empty": Text(
        "No message was submitted or made in this time: there is nothing to break down.",
        "Aucun message n’a été remis ou créé dans cette période : il n’y a rien à détailler.",
    ),
    "by.lead": Text(
        "The rows add up to the campaign’s figures, to the last message.",
        "La somme des lignes donne les chiffres de la campagne, au message près.",
    ),
    "by.device.lead": Text(
        "Nobody knows a device before somebody clicks, so the figures begin there.",
        "L’appareil n’est connu qu’au premier clic : les chiffres commencent là.",
    ),
    "by.device.no_link": Text(
        "There is no link in the text, so nobody clicks and no device is known.",
        "Il n’y a pas de lien dans le texte : personne ne clique, aucun appareil n’est connu.",
    ),
    "by.form": Text("Messages submitted", "Messages remis"),
    "by.from": Text("From", "À partir du"),
    "by.to": Text("Before", "Avant le"),
    "by.help": Text(
        "On a quarter of an hour, in the time of {zone}. Whatever came of these messages counts, whenever it came.",
        "Au quart d’heure, à l’heure de {zone}. Tout ce qui est venu de ces messages compte, quel qu’en soit le moment.",
    ),
    "by.show": Text("Show these messages", "Afficher ces messages"),
    "by.all": Text("Show all messages", "Afficher tous les messages"),
    "by.wrong.moment": Text(
        "This is no date and time; write it as 2026-11-27T10:00.",
        "Ce n’est pas une date et une heure ; écrivez 2026-11-27T10:00.",
    ),
    "by.wrong.quarter": Text(
        "This is on no quarter of an hour; 10:00, 10:15, 10:30 and 10:45 are.",
        "Ce n’est pas un quart d’heure ; 10:00, 10:15, 10:30 et 10:45 en sont.",
    ),
    "by.wrong.order": Text("This is not after the beginning.", "Ce n’est pas après le début."),
    "by.chart.clicked": Text("Click rate", "Taux de clic"),
    "by.chart.delivered": Text("Delivery rate", "Taux de délivrance"),
    "by.chart.device": Text("Messages clicked", "Messages cliqués"),
    "by.chart.hour": Text("Messages submitted", "Messages remis"),
    # Comparison
    "compare.title": Text("Comparison", "Comparaison"),
    "compare.pick": Text("Compare", "Comparer"),
    "compare.pick_one": Text("Compare {name}", "Comparer {name}"),
    "compare.do": Text("Compare the chosen campaigns", "Comparer les campagnes choisies"),
    "compare.choose": Text(
        "Choose 1 to {most} campaigns in the list, then compare them.",
        "Choisissez 1 à {most} campagnes dans la liste, puis comparez-les.",
    ),
    "compare.too_many": Text(
        "{count} campaigns were chosen; {most} stand side by side at most. The first {most} are shown.",
        "{count} campagnes ont été choisies ; {most} au plus tiennent côte à côte. Les {most} premières sont affichées.",
    ),
    "compare.back": Text("Choose other campaigns", "Choisir d’autres campagnes"),
    "compare.figure": Text("Figure", "Chiffre"),
    "compare.first": Text("the others are held against it", "les autres lui sont comparées"),
    "compare.average": Text(
        ("Average of the {count} before", "Average of the {count} before"),
        ("Moyenne de {count} précédente", "Moyenne des {count} précédentes"),
    ),
    "compare.lead": Text(
        "Differences are from {name}, in percentage points, with their 95 % interval. Where the interval holds 0, chance "
        "may be the reason, and it is said that it cannot be told.",
        "Les écarts sont pris par rapport à {name}, en points, avec leur intervalle à 95 %. Si l’intervalle contient 0, le "
        "hasard peut suffire, et il est dit qu’on ne peut pas trancher.",
    ),
    "compare.average_means": Text(
        "The average is of the last campaigns of the same kind that were sent before {name}: all their messages together, "
        "so that every message weighs the same.",
        "La moyenne porte sur les dernières campagnes du même genre envoyées avant {name} : tous leurs messages ensemble, "
        "chaque message pesant autant.",
    ),
    "compare.no_average": Text(
        "No campaign of the same kind was sent before {name}, so there is no average.",
        "Aucune campagne du même genre n’a été envoyée avant {name} : il n’y a pas de moyenne.",
    ),
    "compare.points": Text("{points} points ({low} to {high})", "{points} points ({low} à {high})"),
    "compare.higher": Text("higher", "plus haut"),
    "compare.lower": Text("lower", "plus bas"),
    "compare.untold": Text("cannot be told", "on ne peut pas trancher"),
    "compare.investment": Text("Return on investment", "Retour sur investissement"),
    "compare.per_message": Text("Net revenue a message", "Chiffre d’affaires net par message"),
    "compare.unknown": Text("Unknown", "Inconnu"),
    # Trends
    "trends.title": Text("Trends", "Tendances"),
    "trends.month": Text("Month", "Mois"),
    "trends.added": Text("Contacts added", "Contacts ajoutés"),
    "trends.added.meaning": Text(
        "Contacts that came into the list in the month, by an import, the API or a page.",
        "Contacts entrés dans la liste dans le mois, par un import, l’API ou une page.",
    ),
    "trends.consents": Text("Consents", "Consentements"),
    "trends.consents.meaning": Text(
        "Contacts whose first consent to receive marketing was given in the month.",
        "Contacts dont le premier consentement à recevoir du marketing date du mois.",
    ),
    "trends.opt_outs": Text("STOP", "STOP"),
    "trends.opt_outs.meaning": Text(
        "Numbers whose owner said STOP in the month.", "Numéros dont le titulaire a dit STOP dans le mois."
    ),
    "trends.reachable": Text("Reachable", "Joignables"),
    "trends.reachable.meaning": Text(
        "Contacts at the month’s end who consented to marketing and whose number is not suppressed, as far as is known "
        "today.",
        "Contacts, à la fin du mois, qui ont consenti au marketing et dont le numéro n’est pas exclu, d’après ce qu’on sait "
        "aujourd’hui.",
    ),
    "trends.submitted": Text("Messages", "Messages"),
    "trends.submitted.meaning": Text(
        "Messages submitted in the month. The rates, the revenue and the cost are of these messages, whenever it came.",
        "Messages remis dans le mois. Les taux, le chiffre d’affaires et le coût sont ceux de ces messages, quel qu’en soit "
        "le moment.",
    ),
    "trends.delivered": Text("Delivered", "Délivrés"),
    "trends.clicked": Text("Click rate", "Taux de clic"),
    "trends.redeemed": Text("Claim rate", "Taux d’utilisation"),
    "trends.opted_out": Text("Opt-out rate", "Taux de désabonnement"),
    "trends.delivered.meaning": Text("Delivered, of those submitted.", "Délivrés, sur les remis."),
    "trends.clicked.meaning": Text(
        "Clicked by a person, of those reached whose clicks can be seen.",
        "Cliqués par une personne, sur les touchés aux clics observables.",
    ),
    "trends.redeemed.meaning": Text("Code used, of those reached.", "Code utilisé, sur les touchés."),
    "trends.opted_out.meaning": Text("Said STOP, of those reached.", "STOP, sur les touchés."),
    "trends.revenue.meaning": Text(
        "What was paid with codes and by links, less what was taken back, a sum a currency.",
        "Ce qui a été payé avec des codes et par des liens, moins ce qui a été repris, une somme par devise.",
    ),
    "trends.cost.meaning": Text("What the parts cost that have a price.", "Le coût des parties dont le prix est connu."),
    "trends.zone": Text(
        "Months are those of {zone}; the present one is not over.", "Mois de {zone} ; le mois en cours n’est pas fini."
    ),
    "trends.months": Text("Last {count} months", "{count} derniers mois"),
    "trends.choose": Text("How many months", "Combien de mois"),
    "trends.chart.reachable": Text("Reachable contacts", "Contacts joignables"),
    "trends.chart.rates": Text("Click, claim and opt-out rates", "Taux de clic, d’utilisation et de désabonnement"),
    "trends.empty": Text(
        "There is neither a contact nor a message yet: the months will stand here once there are. Begin with an import of "
        "contacts.",
        "Il n’y a encore ni contact ni message : les mois figureront ici dès qu’il y en aura. Commencez par importer des "
        "contacts.",
    ),
    # Definitions
    "definitions.title": Text("What each name counts", "Ce que compte chaque nom"),
    "definitions.lead": Text(
        "The names of the API and of the rows stand in brackets. All of them are of messages, unless they say otherwise.",
        "Les noms de l’API et des lignes sont entre parenthèses. Tous portent sur des messages, sauf mention contraire.",
    ),
}
