"""The words of the fields of the page editor, and of what may be wrong with them, in English and in French.
`dashboards.catalog` takes them in."""

from dashboards.texts import Text

PAGE_FIELD_TEXTS: dict[str, Text] = {
    # The preview
    "preview.title": Text("Preview", "Aperçu"),
    "preview.language": Text("Language of the preview", "Langue de l’aperçu"),
    "preview.refresh": Text("Refresh the preview", "Actualiser l’aperçu"),
    "preview.help": Text(
        "As a phone of 360 × 640 shows it. Nothing is counted, drawn or sent from here.",
        "Comme un téléphone de 360 × 640 l’affiche. Rien n’est compté, tiré ni envoyé d’ici.",
    ),
    "preview.broken": Text(
        "The page cannot be shown until the marked fields are right.",
        "La page ne peut pas être affichée tant que les champs marqués ne sont pas corrects.",
    ),
    # Languages and theme
    "editor.field.title": Text("Title", "Titre"),
    "editor.help.title": Text("Shown by the browser above the page.", "Affiché par le navigateur au-dessus de la page."),
    "editor.languages": Text("Languages", "Langues"),
    "editor.languages.help": Text(
        "Each recipient reads their own; whoever reads none of these gets the first.",
        "Chaque destinataire lit la sienne ; qui n’en lit aucune reçoit la première.",
    ),
    "editor.language.add": Text("Add a language", "Ajouter une langue"),
    "editor.language.remove": Text("Remove: {what}", "Retirer : {what}"),
    "editor.language.first": Text("Make it the first: {what}", "Mettre en premier : {what}"),
    "editor.field.accent": Text("Buttons", "Boutons"),
    "editor.field.background": Text("Background", "Fond"),
    "editor.field.text_colour": Text("Text", "Texte"),
    "editor.contrast.text": Text("Text on background", "Texte sur fond"),
    "editor.contrast.accent": Text("Buttons on background", "Boutons sur fond"),
    "editor.contrast.good": Text("{ratio} to 1: easy to read", "{ratio} pour 1 : se lit bien"),
    "editor.contrast.bad": Text(
        "{ratio} to 1: too faint, {least} is needed",
        "{ratio} pour 1 : trop pâle, il faut {least}",
    ),
    "editor.field.font": Text("Font", "Police"),
    "font.system": Text("That of the phone", "Celle du téléphone"),
    "font.serif": Text("With serifs", "Avec empattements"),
    "font.rounded": Text("Rounded", "Arrondie"),
    "editor.field.logo": Text("Logo", "Logo"),
    # Blocks
    "block.text": Text("Text", "Texte"),
    "block.picture": Text("Picture", "Image"),
    "block.button": Text("Button", "Bouton"),
    "block.call": Text("Call button", "Bouton d’appel"),
    "block.map": Text("Map link", "Lien vers un plan"),
    "block.countdown": Text("Countdown", "Compte à rebours"),
    "block.code": Text("Promo code", "Code promo"),
    "block.scratch": Text("Scratch card", "Carte à gratter"),
    "block.flip": Text("Cells to turn", "Cases à retourner"),
    "block.survey": Text("Survey", "Questionnaire"),
    "block.opt_out": Text("Opt-out", "Désinscription"),
    "block.privacy": Text("Privacy notice", "Confidentialité"),
    "editor.field.heading": Text("Heading", "Titre"),
    "editor.field.text": Text("Text", "Texte"),
    "editor.help.text": Text(
        "A blank line parts paragraphs, **two stars** make bold. {{{{ first_name }}}}, {{{{ last_name }}}}, {{{{ "
        'city }}}} and {{{{ code }}}} are filled in; {{{{ first_name | default: "you" }}}} says what stands where '
        "nothing is known.",
        "Une ligne vide sépare les paragraphes, **deux étoiles** mettent en gras. {{{{ first_name }}}}, {{{{ "
        'last_name }}}}, {{{{ city }}}} et {{{{ code }}}} sont remplis ; {{{{ first_name | default: "vous" }}}} '
        "dit quoi écrire quand on ne sait pas.",
    ),
    "editor.gap": Text(
        "{fields}: where that is not known, and before it is filled in, nothing stands there. Write {example} to say what "
        "does.",
        "{fields} : quand on ne le sait pas, et avant que ce soit rempli, rien ne s’affiche. Écrivez {example} pour dire "
        "quoi afficher.",
    ),
    "editor.field.picture": Text("Picture", "Image"),
    "editor.picture.none": Text("none", "aucune"),
    "editor.picture.upload": Text("New picture", "Nouvelle image"),
    "editor.picture.send": Text("Upload", "Envoyer"),
    "editor.picture.help": Text(
        "JPEG, PNG, WebP or GIF, up to {most} MB. Choose it, drop it here or paste it.",
        "JPEG, PNG, WebP ou GIF, jusqu’à {most} Mo. Choisissez-la, déposez-la ici ou collez-la.",
    ),
    "editor.picture.sending": Text("Uploading, {share}", "Envoi, {share}"),
    "editor.picture.size": Text("{width} × {height} pixels", "{width} × {height} pixels"),
    "editor.field.alt": Text("What the picture shows", "Ce que montre l’image"),
    "editor.help.alt": Text(
        "Read aloud to whoever does not see it: “Red coat, 79 euros”.",
        "Lu à voix haute à qui ne la voit pas : « Manteau rouge, 79 euros ».",
    ),
    "editor.field.decorative": Text(
        "It is only decoration and says nothing more than the text",
        "Elle décore seulement et ne dit rien de plus que le texte",
    ),
    "editor.field.url": Text("Leads to", "Mène à"),
    "editor.help.url": Text(
        "A web address: https://shop.example/sale",
        "Une adresse web : https://boutique.example/soldes",
    ),
    "editor.field.label": Text("Words", "Libellé"),
    "editor.field.number": Text("Number that is called", "Numéro appelé"),
    "editor.help.number": Text(
        "With its country code: +33 6 39 98 00 01",
        "Avec l’indicatif du pays : +33 6 39 98 00 01",
    ),
    "editor.field.query": Text("Address of the place", "Adresse du lieu"),
    "editor.help.query": Text(
        "As one would type it into a map: 12 rue de la Paix, Lyon. Or else latitude and longitude.",
        "Comme on la taperait sur un plan : 12 rue de la Paix, Lyon. Ou bien latitude et longitude.",
    ),
    "editor.field.latitude": Text("Latitude", "Latitude"),
    "editor.field.longitude": Text("Longitude", "Longitude"),
    "editor.field.ends_at": Text("Ends, date and hour", "Fin, date et heure"),
    "editor.field.own_zone": Text(
        "By the clock of each recipient’s own time zone", "À l’horloge du fuseau de chaque destinataire"
    ),
    "editor.field.timezone": Text("Or by the clock of this time zone", "Ou à l’horloge de ce fuseau"),
    "editor.help.timezone": Text("For instance {zone}, which is yours.", "Par exemple {zone}, qui est le vôtre."),
    "editor.countdown.moment": Text("That is {time} for you, in {zone}.", "Soit le {time} pour vous, à {zone}."),
    "editor.field.finished": Text("Said once the time is over", "Dit une fois le temps écoulé"),
    "editor.field.forms": Text("Shown as", "Montré comme"),
    "form.copy": Text("Text with a copy button", "Texte avec bouton de copie"),
    "form.qr": Text("QR code", "Code QR"),
    "form.code128": Text("Barcode Code 128", "Code-barres Code 128"),
    "form.ean13": Text("Barcode EAN-13, for codes of 13 digits", "Code-barres EAN-13, pour les codes à 13 chiffres"),
    "editor.field.cover": Text("On the surface to scratch", "Sur la surface à gratter"),
    "editor.field.cells": Text("Number of cells", "Nombre de cases"),
    "editor.prizes": Text("Prizes", "Lots"),
    "editor.prize": Text("Prize", "Lot"),
    "editor.prize.add": Text("Add a prize", "Ajouter un lot"),
    "editor.field.odds": Text("Chance, in %", "Chance, en %"),
    "editor.field.stock": Text("How many, a campaign", "Nombre par campagne"),
    "editor.help.stock": Text("Empty: as many as are drawn.", "Vide : autant qu’il en est tiré."),
    "editor.field.wins": Text("Shown as won", "Montré comme gagné"),
    "editor.odds.good": Text("Together {sum}; {rest} win nothing.", "Ensemble {sum} ; {rest} ne gagnent rien."),
    "editor.odds.bad": Text("Together {sum}: more than 100 %.", "Ensemble {sum} : plus de 100 %."),
    "editor.field.nothing": Text("Said when nothing is won", "Dit quand rien n’est gagné"),
    "editor.questions": Text("Questions", "Questions"),
    "editor.question": Text("Question", "Question"),
    "editor.question.add": Text("Add a question", "Ajouter une question"),
    "editor.question.label": Text("Question", "Question"),
    "editor.field.kind": Text("Kind of answer", "Type de réponse"),
    "editor.kind.apply": Text("Change", "Changer"),
    "question.choice": Text("One of several", "Un choix parmi plusieurs"),
    "question.several": Text("Any of several", "Plusieurs choix possibles"),
    "question.scale": Text("A mark on a scale", "Une note sur une échelle"),
    "question.text": Text("Free text", "Texte libre"),
    "question.consent": Text("A box to tick, for consent", "Une case à cocher, pour un consentement"),
    "editor.field.required": Text("An answer is required", "Une réponse est obligatoire"),
    "editor.options": Text("Answers to choose from", "Réponses proposées"),
    "editor.option": Text("Answer", "Réponse"),
    "editor.option.add": Text("Add an answer", "Ajouter une réponse"),
    "editor.field.low": Text("From", "De"),
    "editor.field.high": Text("To", "À"),
    "editor.field.low_label": Text("Words at the low end", "Mots à l’extrémité basse"),
    "editor.field.high_label": Text("Words at the high end", "Mots à l’extrémité haute"),
    "editor.field.submit": Text("Words on the send button", "Libellé du bouton d’envoi"),
    "editor.field.thanks": Text("Said afterwards", "Dit ensuite"),
    "editor.field.thank_you_sms": Text("SMS of thanks, if any", "SMS de remerciement, s’il y en a un"),
    "editor.help.thank_you_sms": Text(
        "Sent once to whoever answers. Empty: none is sent.", "Envoyé une fois à qui répond. Vide : aucun envoi."
    ),
    # What is wrong with a field
    "editor.wrong.name": Text(
        "A name of 1 to {most} characters, on one line, is asked for.",
        "Il faut un nom de 1 à {most} caractères, sur une ligne.",
    ),
    "editor.wrong.long": Text(
        "It has {count} characters; {most} are the most.", "Il y a {count} caractères ; {most} au plus."
    ),
    "editor.wrong.words": Text(
        "It holds a line break or a character that turns the direction of reading. Delete it.",
        "Il contient un saut de ligne ou un caractère qui inverse le sens de lecture. Supprimez-le.",
    ),
    "editor.wrong.fields": Text(
        "Fields such as {{{{ first_name }}}} stand in the text and heading of text blocks only. Take the braces out.",
        "Les champs comme {{{{ first_name }}}} ne vont que dans le texte et le titre des blocs de texte. Retirez les "
        "accolades.",
    ),
    "editor.wrong.personal": Text(
        "Something between braces cannot be read. The fields are {{{{ first_name }}}}, {{{{ last_name }}}}, {{{{ "
        "city }}}} and {{{{ code }}}}, each closed by two braces.",
        "Une partie entre accolades ne peut pas être lue. Les champs sont {{{{ first_name }}}}, {{{{ last_name }}}}, "
        "{{{{ city }}}} et {{{{ code }}}}, fermés par deux accolades.",
    ),
    "editor.wrong.url": Text(
        "A public web address is asked for, beginning with https:// or http://, without a user name: "
        "https://shop.example/sale",
        "Il faut une adresse web publique, commençant par https:// ou http://, sans nom d’utilisateur : "
        "https://boutique.example/soldes",
    ),
    "editor.wrong.phone": Text(
        "A number with its country code is asked for: +33 6 39 98 00 01",
        "Il faut un numéro avec l’indicatif du pays : +33 6 39 98 00 01",
    ),
    "editor.wrong.share": Text(
        "A share from 0.01 to 100 is asked for, with two decimals at most.",
        "Il faut une part de 0,01 à 100, avec deux décimales au plus.",
    ),
    "editor.wrong.odds": Text(
        "The chances add up to more than 100 %. Lower one of them.",
        "Les chances dépassent 100 % au total. Baissez-en une.",
    ),
    "editor.wrong.count": Text("A whole number is asked for, or nothing.", "Il faut un nombre entier, ou rien."),
    "editor.wrong.whole": Text(
        "A whole number from {low} to {high} is asked for.", "Il faut un nombre entier de {low} à {high}."
    ),
    "editor.wrong.latitude": Text("A number from -90 to 90 is asked for.", "Il faut un nombre de -90 à 90."),
    "editor.wrong.longitude": Text("A number from -180 to 180 is asked for.", "Il faut un nombre de -180 à 180."),
    "editor.wrong.both": Text(
        "Give latitude and longitude, or neither.",
        "Donnez la latitude et la longitude, ou aucune.",
    ),
    "editor.wrong.either": Text(
        "Give the address or latitude and longitude, not both.",
        "Donnez l’adresse, ou la latitude et la longitude, pas les deux.",
    ),
    "editor.wrong.time": Text(
        "A date and hour is asked for: 2026-11-28T18:00.", "Il faut une date et une heure : 2026-11-28T18:00."
    ),
    "editor.wrong.zone": Text("A time zone is asked for, such as {zone}.", "Il faut un fuseau horaire, comme {zone}."),
    "editor.wrong.colour": Text("A colour is asked for: #0b57d0.", "Il faut une couleur : #0b57d0."),
    "editor.wrong.choice": Text("Choose one of these.", "Choisissez une de ces possibilités."),
    "editor.wrong.digest": Text(
        "Choose a picture of the list, or upload one.", "Choisissez une image de la liste, ou envoyez-en une."
    ),
    "editor.wrong.document": Text(
        "The page cannot be stored as it stands: {detail}", "La page ne peut pas être enregistrée ainsi : {detail}"
    ),
    "editor.wrong.blocks": Text("A page has 1 to {most} blocks.", "Une page a de 1 à {most} blocs."),
    "editor.wrong.languages": Text("A page has 1 to {most} languages.", "Une page a de 1 à {most} langues."),
    # What is missing before it can be published
    "editor.missing.words": Text("This is missing in {language}.", "Il manque en {language}."),
    "editor.missing.alt": Text(
        "Say in {language} what the picture shows, or tick that it is only decoration.",
        "Dites en {language} ce que montre l’image, ou cochez qu’elle décore seulement.",
    ),
    "editor.missing.digest": Text("Choose a picture.", "Choisissez une image."),
    "editor.missing.url": Text("Say where it leads to.", "Dites où il mène."),
    "editor.missing.phone": Text("Say which number is called.", "Dites quel numéro est appelé."),
    "editor.missing.line": Text(
        "Give an address, or latitude and longitude.", "Donnez une adresse, ou latitude et longitude."
    ),
    "editor.missing.time": Text("Say when it ends.", "Dites quand il se termine."),
    "editor.missing.forms": Text("Choose at least one.", "Choisissez-en au moins un."),
    "editor.missing.prizes": Text("Add at least one prize.", "Ajoutez au moins un lot."),
    "editor.missing.questions": Text("Add at least one question.", "Ajoutez au moins une question."),
    "editor.missing.options": Text("Give at least two answers to choose from.", "Donnez au moins deux réponses."),
    "editor.missing.colour": Text(
        "Too faint on the background; choose another.", "Trop pâle sur le fond ; choisissez-en une autre."
    ),
    # Uploads that are refused
    "picture.wrong.none": Text("Choose a file first.", "Choisissez d’abord un fichier."),
    "picture.wrong.picture_too_large": Text(
        "The file is too large: {most} MB are the most.", "Le fichier est trop lourd : {most} Mo au plus."
    ),
    "picture.wrong.picture_too_many_pixels": Text(
        "The picture has too many pixels: {most} million are the most. Make it smaller first.",
        "L’image a trop de pixels : {most} millions au plus. Réduisez-la d’abord.",
    ),
    "picture.wrong.picture_not_readable": Text(
        "This file is not taken, or it is broken: a JPEG, PNG, WebP or GIF is asked for. Save an SVG as PNG; let the "
        "phone share a HEIC as JPEG.",
        "Ce fichier n’est pas accepté, ou il est abîmé : il faut un JPEG, PNG, WebP ou GIF. Enregistrez un SVG en "
        "PNG ; partagez un HEIC en JPEG depuis le téléphone.",
    ),
    "picture.wrong.pictures_busy": Text(
        "Other pictures are being read. Try again in a moment.", "D’autres images sont en cours de lecture. Réessayez."
    ),
}
