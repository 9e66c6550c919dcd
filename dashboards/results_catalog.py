"""What the page of answers and prizes says, in English and in French. For `dashboards.catalog`."""

from dashboards.texts import Text

RESULT_TEXTS: dict[str, Text] = {
    "results.open": Text("Answers and prizes", "Réponses et lots"),
    "results.back": Text("Back to the campaign", "Retour à la campagne"),
    "results.empty.title": Text("Nothing to answer or draw", "Rien à répondre ni à tirer"),
    "results.empty.text": Text(
        "What recipients answer and draw will stand here. The campaign’s landing page has neither a form nor a scratch card "
        "nor cells, or there is none; add a block to the page and publish it.",
        "Les réponses et les tirages des destinataires figureront ici. La page de la campagne n’a ni formulaire, ni carte à "
        "gratter, ni cases, ou la campagne n’a pas de page ; ajoutez un bloc à la page et publiez-la.",
    ),
    "results.forms": Text(("{count} form answered", "{count} forms answered"), ("{count} réponse", "{count} réponses")),
    "results.no_form": Text("Nobody has answered yet.", "Personne n’a encore répondu."),
    "results.not_asked": Text("no longer on the page", "n’est plus sur la page"),
    "results.answered": Text(
        ("answered by {count} person", "answered by {count} people"),
        ("{count} personne a répondu", "{count} personnes ont répondu"),
    ),
    "results.mean": Text("mean {mean}", "moyenne {mean}"),
    "results.several": Text(
        "Several answers are possible: the shares may add up to more than 100 %.",
        "Plusieurs réponses sont possibles : le total des parts peut dépasser 100 %.",
    ),
    "results.yes": Text("Yes", "Oui"),
    "results.no": Text("No", "Non"),
    "results.table": Text("As a table", "Sous forme de tableau"),
    "results.choice": Text("Answer", "Réponse"),
    "results.count": Text("People", "Personnes"),
    "results.share": Text("Share", "Part"),
    "results.latest": Text("The latest", "Les plus récentes"),
    "results.no_text": Text("Nothing was written lately.", "Rien n’a été écrit récemment."),
    "results.all": Text("All answers", "Toutes les réponses"),
    "results.export": Text("Download as CSV", "Télécharger en CSV"),
    "results.draws": Text(("{count} draw", "{count} draws"), ("{count} tirage", "{count} tirages")),
    "results.no_draw": Text("Nobody has drawn yet.", "Personne n’a encore tiré."),
    "results.prize": Text("Prize", "Lot"),
    "results.odds": Text("Odds stated", "Chances annoncées"),
    "results.drawn": Text("Drawn", "Tirés"),
    "results.of_draws": Text("Of draws", "Des tirages"),
    "results.left": Text("Left", "Restants"),
    "results.nothing": Text("Nothing won", "Rien gagné"),
    "results.out_of_stock": Text("out of stock: its share wins nothing", "épuisé : sa part ne gagne rien"),
    "results.unlimited": Text("no limit", "sans limite"),
    "results.left_out": Text("left out", "sans réponse"),
    "results.language": Text("Language", "Langue"),
}
