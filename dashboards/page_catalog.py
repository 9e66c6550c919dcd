"""The words of the landing pages' list and editor, in English and in French. `dashboards.catalog` takes them in."""

from dashboards.texts import Text

PAGE_TEXTS: dict[str, Text] = {
    "nav.pages": Text("Pages", "Pages"),
    # The list
    "pages.title": Text("Landing pages", "Pages d’atterrissage"),
    "pages.name": Text("Page", "Page"),
    "pages.state": Text("State", "État"),
    "pages.used": Text("Used by", "Utilisée par"),
    "pages.updated": Text("Last changed", "Dernière modification"),
    "pages.unused": Text("no campaign yet", "aucune campagne pour l’instant"),
    "pages.links": Text("links of their own", "des liens isolés"),
    "pages.and_more": Text(("and {count} more", "and {count} more"), ("et {count} autre", "et {count} autres")),
    "pages.older": Text("Older pages", "Pages plus anciennes"),
    "pages.newest": Text("Newest pages", "Pages les plus récentes"),
    "pages.state.draft": Text("draft", "brouillon"),
    "pages.state.published": Text("published", "publiée"),
    "pages.state.changed": Text("changed since it was published", "modifiée depuis sa publication"),
    "pages.empty.title": Text("No page yet", "Aucune page pour l’instant"),
    "pages.empty.text": Text(
        "An SMS has 160 characters; a page is where the offer lives. The campaign’s link opens it on the phone: with "
        "the recipient’s promo code, a game, a few questions. Who looks and who takes part stands in the campaign’s "
        "funnel.",
        "Un SMS a 160 caractères ; la page est l’endroit où vit l’offre. Le lien de la campagne l’ouvre sur le "
        "téléphone : avec le code promo du destinataire, un jeu, quelques questions. L’entonnoir de la campagne dit "
        "qui regarde et qui participe.",
    ),
    "pages.new": Text("New page", "Nouvelle page"),
    "pages.new.name": Text("Name, for you alone", "Nom, pour vous seul"),
    "pages.new.start": Text("Begin with", "Commencer par"),
    "pages.new.button": Text("Make the page", "Créer la page"),
    "pages.deleted": Text("The page was deleted.", "La page a été supprimée."),
    "starter.offer": Text("An offer with a promo code", "Une offre avec code promo"),
    "starter.offer.help": Text(
        "A greeting, the code with copy button and QR, the time left, the way to the shop.",
        "Accroche, code avec bouton de copie et QR, temps restant, chemin vers la boutique.",
    ),
    "starter.scratch": Text("A scratch card", "Une carte à gratter"),
    "starter.scratch.help": Text(
        "Two prizes with their odds, drawn once for each recipient.",
        "Deux lots avec leurs chances, tirés une seule fois par destinataire.",
    ),
    "starter.survey": Text("A survey", "Un questionnaire"),
    "starter.survey.help": Text(
        "A mark, a choice, a free answer; thanks at the end.", "Une note, un choix, une réponse libre ; merci à la fin."
    ),
    "starter.blank": Text("An empty page", "Une page vide"),
    "starter.blank.help": Text("One text, and you go on from there.", "Un texte, et vous continuez."),
    # The editor
    "editor.back": Text("All pages", "Toutes les pages"),
    "editor.save": Text("Save the draft", "Enregistrer le brouillon"),
    "editor.state.draft": Text(
        "Draft: nobody sees it until it is published.", "Brouillon : personne ne la voit avant sa publication."
    ),
    "editor.state.published": Text("Published {time}, as it stands here.", "Publiée le {time}, telle qu’elle est ici."),
    "editor.state.changed": Text(
        "Published {time}; the draft was changed since, and recipients see the published page.",
        "Publiée le {time} ; le brouillon a changé depuis, et les destinataires voient la page publiée.",
    ),
    "editor.name": Text("Name of the page, for you alone", "Nom de la page, pour vous seul"),
    "editor.general": Text("Title and languages", "Titre et langues"),
    "editor.theme": Text("Colours, font and logo", "Couleurs, police et logo"),
    "editor.blocks": Text("Blocks", "Blocs"),
    "editor.no_blocks": Text("The page is empty. Add a first block.", "La page est vide. Ajoutez un premier bloc."),
    "editor.add_block": Text("Add a block", "Ajouter un bloc"),
    "editor.add": Text("Add", "Ajouter"),
    "editor.up": Text("Move up: {what}", "Monter : {what}"),
    "editor.down": Text("Move down: {what}", "Descendre : {what}"),
    "editor.copy": Text("Duplicate: {what}", "Dupliquer : {what}"),
    "editor.remove": Text("Remove: {what}", "Retirer : {what}"),
    "editor.keys": Text(
        "Alt and an arrow key move the block you are in.", "Alt et une flèche déplacent le bloc où vous êtes."
    ),
    "editor.numbered": Text("{number}. {what}", "{number}. {what}"),
    "editor.removed": Text("Removed: {what}.", "Retiré : {what}."),
    "editor.put_back": Text("Put it back", "Remettre"),
    "editor.full": Text("There is no room for one more here.", "Il n’y a plus de place ici."),
    "editor.nothing_changed": Text(
        "Nothing was changed: the page stood differently when the button was drawn. Try again.",
        "Rien n’a changé : la page était différente quand le bouton a été affiché. Réessayez.",
    ),
    "editor.saved": Text("The draft is saved.", "Le brouillon est enregistré."),
    "editor.published": Text("The page is published.", "La page est publiée."),
    "editor.made": Text(
        "The page is made. Write over what stands here; nobody sees it before you publish it.",
        "La page est créée. Remplacez ce qui est écrit ; personne ne la voit avant sa publication.",
    ),
    "editor.wrong": Text(
        ("{count} field needs a look; nothing was saved.", "{count} fields need a look; nothing was saved."),
        (
            "{count} champ est à revoir ; rien n’a été enregistré.",
            "{count} champs sont à revoir ; rien n’a été enregistré.",
        ),
    ),
    "editor.missing": Text(
        (
            "The draft is saved. {count} thing is missing before it can be published.",
            "The draft is saved. {count} things are missing before it can be published.",
        ),
        (
            "Le brouillon est enregistré. Il manque {count} chose avant de pouvoir publier.",
            "Le brouillon est enregistré. Il manque {count} choses avant de pouvoir publier.",
        ),
    ),
    "editor.stale": Text(
        "This form was open for too long. Everything you typed is still here, and nothing was saved yet: press the "
        "button again.",
        "Ce formulaire est resté ouvert trop longtemps. Tout ce que vous avez tapé est encore là, et rien n’est "
        "encore enregistré : appuyez à nouveau sur le bouton.",
    ),
    "editor.failed": Text(
        "No answer from the server. Everything you typed is still here; try again in a moment.",
        "Le serveur ne répond pas. Tout ce que vous avez tapé est encore là ; réessayez dans un instant.",
    ),
    "editor.signed_out": Text(
        "You were signed out. Everything you typed is still here: sign in in another tab, then try again.",
        "Vous avez été déconnecté. Tout ce que vous avez tapé est encore là : reconnectez-vous dans un autre onglet, "
        "puis réessayez.",
    ),
    "editor.too_large": Text(
        "That is more than is taken at once. Everything you typed is still here; a picture may have {most} MB.",
        "C’est plus que ce qui est accepté en une fois. Tout ce que vous avez tapé est encore là ; une image peut avoir "
        "{most} Mo.",
    ),
    "editor.out.title": Text("You were signed out", "Vous avez été déconnecté"),
    "editor.out.text": Text(
        "Everything you typed is kept in this tab and nothing was saved yet. Sign in in another tab, come back and go on.",
        "Tout ce que vous avez tapé est gardé dans cet onglet et rien n’est encore enregistré. Connectez-vous dans "
        "un autre onglet, revenez et continuez.",
    ),
    "editor.out.sign_in": Text("Sign in, in another tab", "Se connecter, dans un autre onglet"),
    "editor.out.go_on": Text("Go on with what I typed", "Continuer avec ce que j’ai tapé"),
    # Two at once
    "editor.clash.title": Text(
        "Somebody else saved this page meanwhile", "Quelqu’un d’autre a enregistré cette page entre-temps"
    ),
    "editor.clash.text": Text(
        "What you typed is still here and not saved. This is what the other one changed:",
        "Ce que vous avez tapé est encore là et n’est pas enregistré. Voici ce que l’autre a changé :",
    ),
    "editor.clash.same": Text(
        "The other one saved without changing anything.",
        "L’autre a enregistré sans rien changer.",
    ),
    "editor.clash.where": Text("Where", "Où"),
    "editor.clash.theirs": Text("The other one’s", "Version de l’autre"),
    "editor.clash.yours": Text("Yours", "La vôtre"),
    "editor.clash.none": Text("removed", "retiré"),
    "editor.clash.order": Text("Order of the blocks", "Ordre des blocs"),
    "editor.clash.more": Text(
        ("and {count} more difference", "and {count} more differences"),
        ("et {count} autre écart", "et {count} autres écarts"),
    ),
    "editor.clash.how": Text(
        "Saving now puts yours in place of the other one’s.",
        "Enregistrer maintenant remplace la version de l’autre par la vôtre.",
    ),
    "editor.clash.open": Text("Open the other one’s in another tab", "Ouvrir la version de l’autre dans un autre onglet"),
    # Publishing and deleting
    "editor.publish": Text("Publish…", "Publier…"),
    "editor.publish.nobody": Text(
        "No campaign uses this page yet: nobody sees it until one does.",
        "Aucune campagne n’utilise encore cette page : personne ne la voit d’ici là.",
    ),
    "editor.publish.used": Text(
        (
            "{count} campaign uses this page: its recipients see it as it is now, within seconds.",
            "{count} campaigns use this page: their recipients see it as it is now, within seconds.",
        ),
        (
            "{count} campagne utilise cette page : ses destinataires la verront telle qu’elle est, en quelques secondes.",
            "{count} campagnes utilisent cette page : leurs destinataires la verront telle qu’elle est, en quelques "
            "secondes.",
        ),
    ),
    "editor.needs_offer": Text(
        "The draft is saved and was not published: the page shows a promo code, and a campaign without an offer uses "
        "it, so nobody there has a code. Take the code off the page, or make another page for that campaign.",
        "Le brouillon est enregistré mais pas publié : la page montre un code promo et une campagne sans offre "
        "l’utilise, donc personne n’y a de code. Retirez le code de la page, ou faites une autre page pour cette "
        "campagne.",
    ),
    "editor.publish.gap": Text(
        "{what}: nothing stands for {fields} where that is not known.",
        "{what} : rien ne s’affiche pour {fields} quand on ne le sait pas.",
    ),
    "editor.publish.sure": Text("Save and publish", "Enregistrer et publier"),
    "editor.publish.sure_for": Text(
        ("Save and publish for {count} campaign", "Save and publish for {count} campaigns"),
        ("Enregistrer et publier pour {count} campagne", "Enregistrer et publier pour {count} campagnes"),
    ),
    "editor.delete": Text("Delete…", "Supprimer…"),
    "editor.delete.text": Text(
        "The page and its draft are gone for good. Its pictures stay.",
        "La page et son brouillon disparaissent définitivement. Ses images restent.",
    ),
    "editor.delete.sure": Text("Delete for good", "Supprimer définitivement"),
    "editor.delete.links": Text(
        "Links of their own lead to this page, so it cannot be deleted.",
        "Des liens isolés mènent à cette page : elle ne peut pas être supprimée.",
    ),
    "editor.delete.used": Text(
        (
            "{count} campaign uses this page, so it cannot be deleted.",
            "{count} campaigns use this page, so it cannot be deleted.",
        ),
        (
            "{count} campagne utilise cette page : elle ne peut pas être supprimée.",
            "{count} campagnes utilisent cette page : elle ne peut pas être supprimée.",
        ),
    ),
    # The campaign
    "details.page": Text("The link opens the page", "Le lien ouvre la page"),
}
