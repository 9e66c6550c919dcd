"""What the lists of rows behind a number say beside the names of figures: which rows they are, or why there are none."""

from dashboards.texts import Text

ROW_TEXTS: dict[str, Text] = {
    "rows.all": Text("Show all behind this figure", "Afficher tout ce qui compose ce chiffre"),
    "rows.export": Text("Export", "Exporter"),
    "rows.export.csv": Text("CSV", "CSV"),
    "rows.export.xlsx": Text("Excel", "Excel"),
    "rows.export.many": Text(
        "So many rows are best taken as CSV, which begins at once: an Excel file is made whole first, about half a minute "
        "for each 100,000 rows. Beyond 1,048,576 rows it goes on in a second sheet.",
        "Tant de lignes se prennent de préférence en CSV, qui commence tout de suite : un fichier Excel est d’abord préparé "
        "en entier, environ une demi-minute par 100 000 lignes. Au-delà de 1 048 576 lignes, il continue dans une deuxième "
        "feuille.",
    ),
    "rows.without": Text("Not: {stages}", "Sauf : {stages}"),
    "rows.chosen": Text("{by}: {value}", "{by} : {value}"),
    "rows.cohort": Text("Submitted {stretch}", "Remis {stretch}"),
    "rows.during": Text("Came about {stretch}", "Survenu {stretch}"),
    "rows.stretch": Text("from {since} until before {until}", "de {since} à {until} exclu"),
    "rows.since": Text("from {since} on", "à partir de {since}"),
    "rows.until": Text("before {until}", "avant {until}"),
    "rows.unknown": Text("not known", "non connu"),
    "rows.none": Text("none", "aucun"),
    "rows.by.variant": Text("Variant", "Variante"),
    "rows.by.segment": Text("Segment", "Segment"),
    "rows.by.route": Text("Route", "Route"),
    "rows.by.country": Text("Country", "Pays"),
    "rows.by.network": Text("Network", "Réseau"),
    "rows.by.device": Text("Device of the first click", "Appareil du premier clic"),
    "rows.by.os": Text("System of the first click", "Système du premier clic"),
    "rows.by.hour": Text("Submitted in the 15 minutes from", "Remis dans les 15 minutes à partir de"),
    "rows.by.cause": Text("Cause", "Cause"),
    "rows.by.proof": Text("What the recipient did", "Ce qu’a fait le destinataire"),
    "rows.by.click_delay": Text("From the receipt to the click", "De l’accusé au clic"),
    "rows.by.redeem_delay": Text("From submission to the use of the code", "De la remise à l’utilisation du code"),
    "rows.by.receipt_delay": Text("From submission to the receipt", "De la remise à l’accusé"),
    "rows.by.click_hour": Text("Clicked, on the recipient’s clock", "Cliqué, à l’heure du destinataire"),
    "rows.by.zone_hour": Text("Clicked, on the clock of {zone}", "Cliqué, à l’heure de {zone}"),
    "rows.by.reason": Text("Reason of the verdict", "Motif du verdict"),
    "rows.hours": Text(
        ("{count} hour of the week", "{count} hours of the week"),
        ("{count} heure de la semaine", "{count} heures de la semaine"),
    ),
    "rows.empty.filter": Text(
        "Behind the figure stand rows, but none that fits all of this.",
        "Ce chiffre a des lignes, mais aucune qui réponde à tout cela.",
    ),
    "rows.empty.behind": Text("Nothing follows here any more.", "Il n’y a plus rien ensuite."),
    "rows.empty.unsent": Text(
        "No message was made yet: the campaign was not sent.",
        "Aucun message n’existe encore : la campagne n’a pas été envoyée.",
    ),
    "rows.empty.link": Text(
        "The text has no link, so there is nothing to click.", "Le texte n’a pas de lien : il n’y a rien à cliquer."
    ),
    "rows.empty.page": Text(
        "The link leads to no landing page, so nobody can be seen to do anything there.",
        "Le lien ne mène à aucune page d’arrivée : on n’y voit donc rien faire.",
    ),
    "rows.empty.offer": Text(
        "The campaign has no offer, so its messages bear no code that could be used.",
        "La campagne n’a pas d’offre : ses messages ne portent aucun code à utiliser.",
    ),
    "rows.empty.payment": Text("Its messages ask for no payment.", "Ses messages ne demandent aucun paiement."),
    "rows.empty.late": Text(
        (
            "Nothing came later than {count} day after its message, so far.",
            "Nothing came later than {count} days after its message, so far.",
        ),
        (
            "Rien n’est arrivé plus de {count} jour après son message à ce jour.",
            "Rien n’est arrivé plus de {count} jours après son message à ce jour.",
        ),
    ),
    "report.made": Text("As of {time}, {zone}.", "État au {time}, {zone}."),
    "error.part": Text(
        "What the address says in “{part}” is nothing that there is.",
        "Ce que l’adresse dit dans « {part} » ne correspond à rien.",
    ),
}
