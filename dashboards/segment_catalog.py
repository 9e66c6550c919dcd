"""What the pages say of segments and of sending again, in English and in French. For `dashboards.catalog`."""

from dashboards.texts import Text

SEGMENT_TEXTS: dict[str, Text] = {
    "nav.segments": Text("Segments", "Segments"),
    # Below the rows behind a number
    "keep.title": Text("These people", "Ces personnes"),
    "keep.back": Text("Back to the rows", "Retour aux lignes"),
    "keep.segment": Text("Keep them", "Les garder"),
    "keep.segment.name": Text("Name of the segment", "Nom du segment"),
    "keep.segment.help": Text(
        "It holds who stands here now, each person once. Nobody joins it later.",
        "Il contient les personnes présentes ici maintenant, chacune une fois. Personne ne s’y ajoute ensuite.",
    ),
    "keep.segment.button": Text("Keep as a segment", "Garder comme segment"),
    "keep.send": Text("Send to them again", "Leur écrire à nouveau"),
    "keep.send.name": Text("Name of the new campaign", "Nom de la nouvelle campagne"),
    "keep.send.help": Text(
        "A draft with the same text, sender, link and offer. Nobody is written to until it is sent, never who said STOP.",
        "Un brouillon avec les mêmes texte, expéditeur, lien et offre. Personne ne reçoit rien avant l’envoi, et jamais qui "
        "a répondu STOP.",
    ),
    "keep.leave_out": Text("Leave out whoever, by the time it leaves, has", "Exclure qui, au moment de l’envoi, a"),
    "keep.leave_out.clicked": Text("clicked", "cliqué"),
    "keep.leave_out.engaged": Text("used the page", "utilisé la page"),
    "keep.leave_out.redeemed": Text("redeemed the code", "utilisé le code"),
    "keep.leave_out.paid": Text("paid", "payé"),
    "keep.leave_out.replied": Text("replied", "répondu"),
    "keep.send.button": Text(
        ("Send to this {count} person", "Send to these {count} people"),
        ("Écrire à cette {count} personne", "Écrire à ces {count} personnes"),
    ),
    "keep.wrong.name": Text(
        "A name of 1 to {most} characters on one line is asked for.", "Un nom de 1 à {most} caractères, sur une ligne."
    ),
    "keep.wrong.taken": Text(
        "There is a segment of this name already. Choose another.", "Un segment porte déjà ce nom. Choisissez-en un autre."
    ),
    "keep.wrong.empty": Text("Nobody stands behind this number any more.", "Plus personne ne figure derrière ce nombre."),
    "keep.wrong.offer_ended": Text("The campaign’s offer has ended.", "L’offre de la campagne est terminée."),
    "keep.wrong.offer_withdrawn": Text("The campaign’s offer was withdrawn.", "L’offre de la campagne a été retirée."),
    "keep.wrong.link_over": Text(
        "The time of the campaign’s link is over.", "La durée de validité du lien de la campagne est dépassée."
    ),
    "keep.wrong.no_codes": Text(
        "The lists of the campaign’s offer have no code left.", "Les listes de l’offre de la campagne n’ont plus de code."
    ),
    "keep.wrong.other": Text(
        "This campaign cannot be sent again as it is. Keep the people as a segment, and write a new campaign to it.",
        "Cette campagne ne peut pas être renvoyée telle quelle. Gardez ces personnes comme segment, puis écrivez-lui une "
        "nouvelle campagne.",
    ),
    # On the campaign's page
    "details.segment": Text(
        ("{name}, {count} person", "{name}, {count} people"), ("{name}, {count} personne", "{name}, {count} personnes")
    ),
    "details.parent": Text("Follows up", "Relance de"),
    "details.left_out": Text("Not to who, when it leaves, has", "Pas à qui, au moment de l’envoi, a"),
    # The list of segments
    "segments.title": Text("Segments", "Segments"),
    "segments.name": Text("Segment", "Segment"),
    "segments.people": Text("People", "Personnes"),
    "segments.of": Text("Of the campaign", "De la campagne"),
    "segments.kept": Text("Kept", "Gardé"),
    "segments.deleted": Text("The segment was deleted.", "Le segment a été supprimé."),
    "segments.empty.title": Text("No segment yet", "Aucun segment pour l’instant"),
    "segments.empty.text": Text(
        "Open a campaign, follow one of its numbers to its rows, and keep these people under a name.",
        "Ouvrez une campagne, suivez un de ses nombres jusqu’à ses lignes, et gardez ces personnes sous un nom.",
    ),
    "segments.newest": Text("Newest", "Les plus récents"),
    "segments.older": Text("Older", "Plus anciens"),
    # One segment
    "segment.back": Text("All segments", "Tous les segments"),
    "segment.just_kept": Text("The segment was kept.", "Le segment a été gardé."),
    "segment.people": Text(("{count} person", "{count} people"), ("{count} personne", "{count} personnes")),
    "segment.messages": Text(
        ("They got {count} message.", "They got {count} messages: some got several."),
        ("Elles ont reçu {count} message.", "Elles ont reçu {count} messages : certaines en ont reçu plusieurs."),
    ),
    "segment.kept_on": Text("Kept on {time} of the campaign {name}:", "Gardé le {time}, de la campagne {name} :"),
    "segment.not": Text("not “{stage}”", "sans « {stage} »"),
    "segment.rows_now": Text("these rows as they are now", "ces lignes telles qu’elles sont maintenant"),
    "segment.used": Text("Campaigns that are sent to it:", "Campagnes qui lui sont envoyées :"),
    "segment.and_more": Text("and more", "et d’autres"),
    "segment.first_name": Text("First name", "Prénom"),
    "segment.last_name": Text("Last name", "Nom"),
    "segment.country": Text("Country", "Pays"),
    "segment.gone": Text("gone", "n’existe plus"),
    "segment.rename": Text("Rename it", "Le renommer"),
    "segment.delete": Text("Delete this segment", "Supprimer ce segment"),
    "segment.delete.help": Text(
        "The people and what they did stay; only the segment goes.",
        "Les personnes et ce qu’elles ont fait restent ; seul le segment disparaît.",
    ),
    "segment.stays": Text(
        "It is kept as long as a campaign is sent to it.", "Il est gardé tant qu’une campagne lui est envoyée."
    ),
}
