"""Every string of the pages but the figures' own, in English and in French. Templates ask for them by key:
`say("nav.campaigns")`."""

from dashboards.chart_catalog import CHART_TEXTS
from dashboards.funnel_catalog import FUNNEL_TEXTS
from dashboards.page_catalog import PAGE_TEXTS
from dashboards.page_field_catalog import PAGE_FIELD_TEXTS
from dashboards.report_catalog import REPORT_TEXTS
from dashboards.results_catalog import RESULT_TEXTS
from dashboards.row_catalog import ROW_TEXTS
from dashboards.segment_catalog import SEGMENT_TEXTS
from dashboards.send_catalog import SEND_TEXTS
from dashboards.sign_in_catalog import SIGN_IN_TEXTS
from dashboards.texts import Text
from dashboards.till_catalog import TILL_TEXTS

_ELSEWHERE = (
    (SIGN_IN_TEXTS | TILL_TEXTS | PAGE_TEXTS | PAGE_FIELD_TEXTS | RESULT_TEXTS | CHART_TEXTS | FUNNEL_TEXTS | SEGMENT_TEXTS)
    | ROW_TEXTS
    | REPORT_TEXTS
    | SEND_TEXTS
)

CATALOG: dict[str, Text] = _ELSEWHERE | {
    # Every page
    "nav.skip": Text("Skip to the content", "Aller au contenu"),
    "nav.main": Text("Main", "Principale"),
    "nav.campaigns": Text("Campaigns", "Campagnes"),
    "nav.language": Text("Language", "Langue"),
    "nav.sign_out": Text("Sign out", "Se déconnecter"),
    "times": Text("Times are those of {zone}.", "Les heures sont celles de {zone}."),
    # Errors
    "error.back.campaigns": Text("Go to the campaigns", "Aller aux campagnes"),
    "error.back.till": Text("Go to the till", "Aller à la caisse"),
    "error.404.title": Text("There is no such page", "Cette page n’existe pas"),
    "error.404.text": Text(
        "The address may be mistyped, or it belongs to another workspace.",
        "L’adresse est peut-être mal saisie, ou elle appartient à un autre espace de travail.",
    ),
    "error.403.title": Text("The form could not be accepted", "Le formulaire n’a pas pu être accepté"),
    "error.403.text": Text(
        "It was open for too long, or it did not come from this site. Nothing was changed. Go back, reload the page and "
        "send it again.",
        "Il est resté ouvert trop longtemps, ou il ne vient pas de ce site. Rien n’a été modifié. Revenez en arrière, "
        "rechargez la page et renvoyez-le.",
    ),
    "error.400.title": Text("The request could not be understood", "La demande n’a pas été comprise"),
    "error.400.text": Text(
        "Nothing was changed. Go back and try again from the page before.",
        "Rien n’a été modifié. Revenez en arrière et réessayez depuis la page précédente.",
    ),
    "error.500.title": Text("Something went wrong on our side", "Une erreur s’est produite de notre côté"),
    "error.500.text": Text(
        "The page could not be made. Nothing was changed by opening it. Reload it in a moment; if it stays, tell whoever "
        "runs Ricochet for you: the log holds the cause.",
        "La page n’a pas pu être préparée. L’ouvrir n’a rien modifié. Rechargez-la dans un instant ; si l’erreur "
        "persiste, prévenez la personne qui administre Ricochet : le journal en contient la cause.",
    ),
    # The list of campaigns
    "list.title": Text("Campaigns", "Campagnes"),
    "list.name": Text("Campaign", "Campagne"),
    "list.state": Text("State", "État"),
    "list.sent": Text("Sent", "Envoyés"),
    "list.delivered": Text("Delivered", "Délivrés"),
    "list.clicked": Text("Clicked", "Cliqués"),
    "list.redeemed": Text("Redeemed", "Utilisés"),
    "list.revenue": Text("Net revenue", "Chiffre d’affaires net"),
    "list.rates": Text(
        "Sent is what the operator accepted; delivered is taken of it, clicked of those reached whose clicks can be seen,"
        " redeemed of those reached.",
        "Envoyés : acceptés par l’opérateur ; délivrés en est la part ; cliqués, la part des touchés dont les clics sont "
        "observables ; utilisés, la part des touchés.",
    ),
    "list.older": Text("Older campaigns", "Campagnes plus anciennes"),
    "list.newest": Text("Newest campaigns", "Campagnes les plus récentes"),
    "list.empty.title": Text("No campaign yet", "Aucune campagne pour l’instant"),
    "list.empty.text": Text(
        "Each campaign will stand here with what was sent, delivered, clicked and redeemed, and open onto its funnel.",
        "Chaque campagne figurera ici avec ce qui a été envoyé, délivré, cliqué et utilisé, et ouvrira son entonnoir.",
    ),
    "list.empty.how": Text("To get there:", "Pour y arriver :"),
    "list.empty.contacts": Text(
        "import contacts with POST /v1/contacts/import or ricochet contacts import;",
        "importez des contacts avec POST /v1/contacts/import ou ricochet contacts import ;",
    ),
    "list.empty.campaign": Text(
        "create a campaign with POST /v1/campaigns and send it with POST /v1/campaigns/{{id}}/send.",
        "créez une campagne avec POST /v1/campaigns et envoyez-la avec POST /v1/campaigns/{{id}}/send.",
    ),
    # A campaign's state
    "state.draft": Text("draft", "brouillon"),
    "state.scheduled": Text("scheduled", "programmée"),
    "state.paused": Text("paused", "en pause"),
    "state.cancelling": Text("being cancelled", "annulation en cours"),
    "state.cancelled": Text("cancelled", "annulée"),
    "state.producing": Text("preparing", "en préparation"),
    "state.sending": Text("sending", "envoi en cours"),
    "state.sent": Text("sent", "envoyée"),
    "state.sending_share": Text("sending, {share}", "envoi en cours, {share}"),
    "state.progress": Text("Progress of the sending", "Avancement de l’envoi"),
    "state.made": Text(
        ("{count} message made so far", "{count} messages made so far"), ("{count} message créé", "{count} messages créés")
    ),
    "state.done": Text("{done} of {total}", "{done} sur {total}"),
    "state.eta": Text("{done} of {total}, done about {time}", "{done} sur {total}, fin vers {time}"),
    "state.finished": Text("finished {time}", "terminée le {time}"),
    "state.begins": Text("begins {time}", "commence le {time}"),
    "state.begins_each": Text(
        "at {time} in each recipient’s own time zone", "à {time} dans le fuseau de chaque destinataire"
    ),
    "state.ended": Text("ended {time}", "arrêtée le {time}"),
    "state.not_sent": Text("not sent yet", "pas encore envoyée"),
    # What can be done with a running campaign
    "control.pause": Text("Pause", "Mettre en pause"),
    "control.resume": Text("Resume", "Reprendre"),
    "control.cancel": Text("Cancel…", "Annuler…"),
    "control.cancel.text": Text(
        "What was not handed over yet never will be. This cannot be undone.",
        "Ce qui n’a pas encore été remis ne le sera jamais. C’est définitif.",
    ),
    "control.cancel.sure": Text("Cancel for good", "Annuler définitivement"),
    # What was sent
    "details.title": Text("Text, page, offer and audience", "Texte, page, offre et audience"),
    "details.text": Text("Text", "Texte"),
    "details.own_texts": Text("Each message has a text and a link of its own.", "Chaque message a son texte et son lien."),
    "details.sender": Text("Sender", "Expéditeur"),
    "details.destination": Text("The link leads to", "Le lien mène à"),
    "details.no_link": Text("The text carries no link.", "Le texte ne porte aucun lien."),
    "details.link_opens": Text("The link opens", "Le lien s’ouvre"),
    "details.link_closes": Text("The link closes", "Le lien se ferme"),
    "details.fallback": Text("Outside of that time it leads to", "En dehors de cette période, il mène à"),
    "details.link_changed": Text("The link was changed", "Lien modifié"),
    "details.offer": Text("Offer", "Offre"),
    "details.no_offer": Text("No offer, so no promo codes.", "Pas d’offre, donc pas de codes promo."),
    "details.audience": Text("Audience", "Audience"),
    "details.everybody": Text("Everybody who may be sent to", "Toutes les personnes à qui l’on peut écrire"),
    "details.import": Text("The contacts of {file}", "Les contacts de {file}"),
    "details.kind": Text("Kind", "Nature"),
    "kind.marketing": Text("Marketing", "Marketing"),
    "kind.transactional": Text("Transactional", "Transactionnel"),
    "kind.single": Text("Single messages", "Messages à l’unité"),
    "details.rate": Text("Rate", "Débit"),
    "details.per_second": Text(
        ("{count} message a second at most", "{count} messages a second at most"),
        ("{count} message par seconde au plus", "{count} messages par seconde au plus"),
    ),
    "details.created": Text("Created", "Créée le"),
    "details.expires": Text("Nothing leaves after", "Rien ne part après"),
    "details.requested": Text("Sending asked for", "Envoi demandé le"),
    # Notices
    "notice.unaccounted.title": Text("The figures do not add up", "Les chiffres ne tombent pas juste"),
    "notice.unaccounted.text": Text(
        (
            "{count} message is in none of the states below, or in two. Do not rely on this page until whoever runs "
            "Ricochet has run “ricochet counters verify”.",
            "{count} messages are in none of the states below, or in two. Do not rely on this page until whoever runs "
            "Ricochet has run “ricochet counters verify”.",
        ),
        (
            "{count} message n’est dans aucun des états ci-dessous, ou dans deux. Ne vous fiez pas à cette page tant que "
            "la personne qui administre Ricochet n’a pas lancé « ricochet counters verify ».",
            "{count} messages ne sont dans aucun des états ci-dessous, ou dans deux. Ne vous fiez pas à cette page tant "
            "que la personne qui administre Ricochet n’a pas lancé « ricochet counters verify ».",
        ),
    ),
    "notice.held.title": Text(
        ("{count} message is held back", "{count} messages are held back"),
        ("{count} message est retenu", "{count} messages sont retenus"),
    ),
    "notice.held.line": Text(
        "{messages} to {country}: {reason}, until {time}", "{messages} vers {country} : {reason}, jusqu’au {time}"
    ),
    "notice.held.nowhere": Text("an unknown country", "un pays inconnu"),
    "hold.quiet_hours": Text("hours of that country", "horaires de ce pays"),
    "hold.holiday": Text("a holiday there", "jour férié"),
    "hold.frequency_cap": Text("frequency cap", "plafond de fréquence"),
    "hold.scheduled": Text("not yet their time", "heure programmée pas encore venue"),
    "notice.refused.title": Text("The route {route} was refused", "La route {route} a été refusée"),
    "notice.failing.title": Text("The route {route} is failing", "La route {route} est défaillante"),
    "notice.uncovered.title": Text(
        "Some recipients are reached by no route", "Certains destinataires ne sont desservis par aucune route"
    ),
    "notice.uncovered.line": Text("{messages} to {country}", "{messages} vers {country}"),
    "notice.uncovered.after": Text(
        "They stay queued until whoever runs Ricochet tells a route to cover them.",
        "Ils restent en file jusqu’à ce que la personne qui administre Ricochet les confie à une route.",
    ),
    "notice.unreachable.title": Text("The route {route} cannot be reached", "La route {route} est injoignable"),
    "notice.route.since": Text(
        "Since {time} the operator’s side answers: {error}", "Depuis {time}, l’opérateur répond : {error}"
    ),
    "notice.route.bare": Text("The operator’s side answers: {error}", "L’opérateur répond : {error}"),
    "notice.route.no_words": Text("it gives no reason", "aucun motif indiqué"),
    "notice.route.waiting": Text(
        (
            "{count} message stays queued and leaves by itself once a route works. Tell whoever runs Ricochet for you.",
            "{count} messages stay queued and leave by themselves once a route works. Tell whoever runs Ricochet for you.",
        ),
        (
            "{count} message reste en file et partira de lui-même dès qu’une route fonctionne. Prévenez la personne qui "
            "administre Ricochet.",
            "{count} messages restent en file et partiront d’eux-mêmes dès qu’une route fonctionne. Prévenez la personne "
            "qui administre Ricochet.",
        ),
    ),
    "notice.route.others": Text(
        "The other routes go on sending meanwhile.", "Les autres routes continuent d’envoyer pendant ce temps."
    ),
    "notice.no_route.title": Text("There is no route to send by", "Aucune route pour envoyer"),
    "notice.idle.title": Text("No route is connected", "Aucune route n’est connectée"),
    # The rows behind a number
    "rows.back": Text("Back to the funnel", "Retour à l’entonnoir"),
    "rows.messages": Text(("{count} message", "{count} messages"), ("{count} message", "{count} messages")),
    "rows.visits": Text(("{count} visit", "{count} visits"), ("{count} visite", "{count} visites")),
    "rows.redemptions": Text(("{count} redemption", "{count} redemptions"), ("{count} utilisation", "{count} utilisations")),
    "rows.returns": Text(("{count} return", "{count} returns"), ("{count} remboursement", "{count} remboursements")),
    "rows.voids": Text(
        ("{count} voided redemption", "{count} voided redemptions"),
        ("{count} utilisation annulée", "{count} utilisations annulées"),
    ),
    "rows.payments": Text(("{count} payment", "{count} payments"), ("{count} paiement", "{count} paiements")),
    "claimed.no_amount": Text("the page told no amount", "la page n’a pas indiqué de montant"),
    "rows.conversions": Text(
        ("{count} claimed conversion", "{count} claimed conversions"),
        ("{count} conversion déclarée", "{count} conversions déclarées"),
    ),
    "rows.order": Text("Order", "Commande"),
    "rows.claimed": Text("Claimed", "Déclaré"),
    "rows.empty": Text("No row stands behind this figure yet.", "Aucune ligne derrière ce chiffre pour l’instant."),
    "rows.first": Text("First page", "Première page"),
    "rows.next": Text("Next page", "Page suivante"),
    "rows.shown": Text("{shown} of {total} on this page", "{shown} sur {total} sur cette page"),
    "rows.n": Text("No.", "Nº"),
    "rows.number": Text("Number", "Numéro"),
    "rows.state": Text("State", "État"),
    "rows.code": Text("Promo code", "Code promo"),
    "rows.submitted": Text("Submitted", "Remis"),
    "rows.receipt": Text("Receipt", "Accusé"),
    "rows.clicked": Text("Clicked", "Cliqué"),
    "rows.engaged": Text("Engaged", "Engagé"),
    "rows.redeemed": Text("Redeemed", "Utilisé"),
    "rows.paid": Text("Paid", "Payé"),
    "rows.replied": Text("Replied", "Réponse"),
    "rows.opted_out": Text("STOP", "STOP"),
    "rows.verdict": Text("Verdict", "Verdict"),
    "rows.reason": Text("Reason", "Motif"),
    "rows.time": Text("Time", "Heure"),
    "rows.amount": Text("Paid", "Payé"),
    "rows.not_yet": Text("not so far", "pas à ce jour"),
    "rows.held": Text("{reason}, until {time}", "{reason}, jusqu’au {time}"),
    "rows.untracked": Text("did not consent to tracking", "n’a pas consenti au suivi"),
    "rows.nobody": Text("names nobody", "anonyme"),
    # The state of one message
    "message.queued": Text("queued", "en file"),
    "message.held": Text("held back", "retenu"),
    "message.stopped": Text("stopped", "arrêté par STOP"),
    "message.left_out": Text("left out", "laissé de côté"),
    "message.cancelled": Text("cancelled", "annulé"),
    "message.expired_unsent": Text("expired before leaving", "expiré avant l’envoi"),
    "message.refused": Text("refused", "refusé"),
    "message.outcome_unknown": Text("outcome unknown", "issue inconnue"),
    "message.submitted": Text("waiting for a receipt", "en attente d’accusé"),
    "message.delivered": Text("delivered", "délivré"),
    "message.failed": Text("failed", "échoué"),
    "message.expired": Text("expired", "expiré"),
    "message.unknown": Text("unknown", "sort inconnu"),
    # The verdict on one visit
    "verdict.human": Text("person", "personne"),
    "verdict.suspect": Text("suspect", "douteux"),
    "verdict.machine": Text("machine", "machine"),
    "rows.no_reason": Text("nothing speaks against a person", "rien ne contredit une personne"),
    "reason.head": Text("asked for the headers only", "n’a demandé que les en-têtes"),
    "reason.prefetch": Text("fetched in advance by a browser", "chargé d’avance par un navigateur"),
    "reason.preview": Text("preview of a messaging app", "aperçu d’une messagerie"),
    "reason.bare_client": Text("a program, not a browser", "un programme, pas un navigateur"),
    "reason.security_scanner": Text("security scanner", "contrôle de sécurité"),
    "reason.unknown_program": Text("a program that names no device", "un programme qui ne nomme aucun appareil"),
    "reason.crawler": Text("crawler or robot", "robot d’indexation"),
    "reason.no_user_agent": Text("does not say what it is", "ne dit pas ce que c’est"),
    "reason.link_scanner": Text("link scanner of a mail service", "antivirus d’une messagerie"),
    "reason.before_submission": Text("came before the message was sent", "venue avant l’envoi du message"),
    "reason.too_soon": Text("came within a second of sending", "venue moins d’une seconde après l’envoi"),
    "reason.burst": Text("one network opened many links at once", "un même réseau a ouvert beaucoup de liens à la fois"),
    "reason.interaction": Text("somebody used the page", "quelqu’un s’est servi de la page"),
}
