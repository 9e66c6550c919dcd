"""The words of the till page, in English and in French. `dashboards.catalog` takes them in."""

from dashboards.texts import Text

TILL_TEXTS: dict[str, Text] = {
    "till.brand": Text("Ricochet till", "Caisse Ricochet"),
    "till.place": Text("{place}: {device}", "{place} : {device}"),
    "till.sandbox": Text(
        "Test mode: codes and redemptions of this till are not real.",
        "Mode test : les codes et les utilisations de cette caisse ne sont pas réels.",
    ),
    "till.lock": Text("Lock", "Verrouiller"),
    # Setting a device up
    "till.enrol.title": Text("Set up this device as a till", "Configurer cet appareil comme caisse"),
    "till.enrol.explain": Text(
        "Once for each phone or tablet. Afterwards a PIN of six digits opens the till on this device, and on no other.",
        "Une fois par téléphone ou tablette. Ensuite, un code PIN à six chiffres ouvre la caisse sur cet appareil, et sur "
        "lui seul.",
    ),
    "till.enrol.key": Text("The shop’s API key", "Clé d’API de la boutique"),
    "till.enrol.key_help": Text(
        "It begins with rk_live_. Whoever runs Ricochet makes one for the shop; the device does not keep it.",
        "Elle commence par rk_live_. La personne qui administre Ricochet la crée pour la boutique ; l’appareil ne la garde "
        "pas.",
    ),
    "till.enrol.name": Text("Name of this device", "Nom de cet appareil"),
    "till.enrol.name_help": Text(
        "As you tell it from the others: Counter 1.", "Pour le distinguer des autres : Comptoir 1."
    ),
    "till.enrol.pin": Text("New PIN, six digits", "Nouveau PIN, six chiffres"),
    "till.enrol.again": Text("The same PIN again", "Le même PIN à nouveau"),
    "till.enrol.button": Text("Set up this device", "Configurer cet appareil"),
    "till.enrol.no_key": Text("Paste the shop’s API key.", "Collez la clé d’API de la boutique."),
    "till.enrol.unknown_key": Text(
        "This key is unknown or was revoked. Check that all of it was copied, or ask for another.",
        "Cette clé est inconnue ou révoquée. Vérifiez qu’elle est complète, ou demandez-en une autre.",
    ),
    "till.enrol.no_shop": Text(
        "This key belongs to no shop. Ask for a key of your shop.",
        "Cette clé n’appartient à aucune boutique. Demandez une clé de votre boutique.",
    ),
    "till.enrol.scope": Text(
        "This key may not redeem codes. Ask for one with the scopes codes:validate and codes:redeem.",
        "Cette clé ne permet pas d’utiliser des codes. Demandez-en une avec les droits codes:validate et codes:redeem.",
    ),
    "till.enrol.wrong_name": Text(
        "Give the device a name of one line, up to 120 characters.",
        "Donnez à l’appareil un nom d’une ligne, de 120 caractères au plus.",
    ),
    "till.enrol.wrong_pin": Text(
        "A PIN has six digits, and neither six that are the same nor six in a row.",
        "Un PIN a six chiffres, ni tous identiques ni tous à la suite.",
    ),
    "till.enrol.differs": Text("The two PINs differ. Type both again.", "Les deux PIN diffèrent. Saisissez-les à nouveau."),
    "till.enrol.stale": Text(
        "The form was open for too long, or this browser refuses cookies. Nothing was set up; send it once more.",
        "Le formulaire est resté ouvert trop longtemps, ou ce navigateur refuse les cookies. Rien n’a été configuré ; "
        "envoyez-le à nouveau.",
    ),
    "till.gone": Text(
        "This device is not set up any more: its PIN was wrong five times, its key was revoked, or it was taken off.",
        "Cet appareil n’est plus configuré : son PIN a été faux cinq fois, sa clé a été révoquée, ou il a été retiré.",
    ),
    # The PIN
    "till.pin.title": Text("Open the till", "Ouvrir la caisse"),
    "till.pin.label": Text("PIN", "PIN"),
    "till.pin.help": Text(
        "Six digits, chosen when this device was set up.", "Six chiffres, choisis à la configuration de cet appareil."
    ),
    "till.pin.button": Text("Open", "Ouvrir"),
    "till.pin.wrong": Text(
        (
            "Wrong PIN. {count} try is left; then this device must be set up again with the shop’s key.",
            "Wrong PIN. {count} tries are left; then this device must be set up again with the shop’s key.",
        ),
        (
            "PIN incorrect. Il reste {count} essai ; puis il faudra reconfigurer l’appareil avec la clé de la boutique.",
            "PIN incorrect. Il reste {count} essais ; puis il faudra reconfigurer l’appareil avec la clé de la boutique.",
        ),
    ),
    "till.pin.form": Text("Type the six digits of the PIN.", "Saisissez les six chiffres du PIN."),
    "till.pin.locked": Text(
        "The till is locked after {count} minutes without use. Nothing was redeemed; open it and start again.",
        "La caisse se verrouille après {count} minutes sans activité. Rien n’a été utilisé ; ouvrez-la et recommencez.",
    ),
    # A code
    "till.code.title": Text("Redeem a code", "Utiliser un code"),
    "till.code.label": Text("Promo code", "Code promo"),
    "till.code.help": Text(
        "Capitals, spaces and dashes do not matter.", "Majuscules, espaces et tirets sont sans importance."
    ),
    "till.code.missing": Text("Type or scan the code.", "Saisissez ou scannez le code."),
    "till.code.long": Text("No code is as long as that. Type it again.", "Aucun code n’est aussi long. Ressaisissez-le."),
    "till.scan.open": Text("Scan", "Scanner"),
    "till.scan.close": Text("Stop scanning", "Arrêter le scan"),
    "till.scan.look": Text("Hold the code before the camera.", "Placez le code devant la caméra."),
    "till.scan.refused": Text(
        "The camera cannot be used: this browser was not allowed to, or another program has it. Type the code.",
        "La caméra est inutilisable : le navigateur n’y a pas droit, ou un autre programme l’occupe. Saisissez le code.",
    ),
    "till.amount.label": Text("The order before the discount, in {currency}", "Commande avant remise, en {currency}"),
    "till.amount.help": Text(
        "Not needed to see what a code gives, but to redeem it.",
        "Inutile pour voir ce que donne un code, mais pas pour l’utiliser.",
    ),
    "till.amount.wrong": Text(
        "“{typed}” is no amount in {currency}. Write it as {example}.",
        "« {typed} » n’est pas un montant en {currency}. Écrivez-le comme {example}.",
    ),
    "till.ref.label": Text("Receipt or order number", "Numéro de ticket ou de commande"),
    "till.ref.help": Text(
        "May be left empty. It finds the redemption again.", "Facultatif. Il permet de retrouver l’utilisation."
    ),
    "till.line.wrong": Text("One line of 120 characters at most.", "Une ligne de 120 caractères au plus."),
    "till.delivery.label": Text("Of that, the delivery", "Dont livraison"),
    "till.delivery.help": Text("0 if nothing is delivered.", "0 si rien n’est livré."),
    "till.delivery.more": Text(
        "The delivery is a part of the order, and cannot cost more than all of it.",
        "La livraison fait partie de la commande, et ne peut coûter plus que celle-ci.",
    ),
    "till.customer.label": Text("The customer’s number", "Numéro du client"),
    "till.customer.help": Text(
        "As your shop knows the customer: this offer is limited for each of them.",
        "Tel que votre boutique connaît le client : cette offre est limitée pour chacun.",
    ),
    "till.check": Text("Check the code", "Vérifier le code"),
    # Why it is not taken
    "till.refused.code_not_found": Text(
        "There is no such code. A character may be wrong, or two swapped: read it again.",
        "Ce code n’existe pas. Un caractère est peut-être faux, ou deux sont inversés : relisez-le.",
    ),
    "till.refused.code_disabled": Text("This code was withdrawn.", "Ce code a été retiré."),
    "till.refused.code_not_active_yet": Text(
        "This code is good from {time} on, not before.", "Ce code est valable à partir du {time}, pas avant."
    ),
    "till.refused.code_expired": Text("This code was good until {time}.", "Ce code était valable jusqu’au {time}."),
    "till.refused.shop_not_covered": Text(
        "This code is not good in this shop.", "Ce code n’est pas valable dans cette boutique."
    ),
    "till.refused.order_already_redeemed": Text(
        "This receipt has had this code already.", "Ce ticket a déjà bénéficié de ce code."
    ),
    "till.refused.not_stackable": Text(
        "This receipt has another code already, and the two do not go together.",
        "Ce ticket porte déjà un autre code, et les deux ne se cumulent pas.",
    ),
    "till.refused.code_exhausted": Text(
        "This code was used already as often as it may be, or another basket holds its last use.",
        "Ce code a déjà servi autant de fois que possible, ou un autre panier réserve sa dernière utilisation.",
    ),
    "till.refused.currency_mismatch": Text(
        "This code is for orders in another currency: {currency}.",
        "Ce code vaut pour des commandes dans une autre devise : {currency}.",
    ),
    "till.refused.minimum_not_met": Text(
        "This code is for orders of {amount} or more.", "Ce code vaut pour les commandes d’au moins {amount}."
    ),
    "till.refused.delivery_missing": Text(
        "This code takes the delivery off. Say what it costs; 0 if nothing is delivered.",
        "Ce code offre la livraison. Indiquez ce qu’elle coûte, ou 0 si rien n’est livré.",
    ),
    "till.refused.customer_ref_missing": Text(
        "This offer is limited for each customer. Say whose code it is.",
        "Cette offre est limitée pour chaque client. Indiquez à qui est le code.",
    ),
    "till.refused.contact_limit_reached": Text(
        "This customer has used the offer as often as one may.",
        "Ce client a utilisé l’offre autant de fois que possible.",
    ),
    "till.refused.offer_exhausted": Text(
        "All uses of this offer are taken.", "Toutes les utilisations de cette offre sont prises."
    ),
    "till.refused.budget_exhausted": Text(
        "What is left of this offer’s budget is less than the discount.",
        "Ce qui reste du budget de cette offre est inférieur à la remise.",
    ),
    "till.too_many": Text(
        "Most codes tried lately do not exist, so one may be tried now and then. Wait {count} seconds.",
        "La plupart des codes essayés récemment n’existent pas ; les essais sont espacés. Patientez {count} secondes.",
    ),
    # What it gives
    "till.good.title": Text("The code is good", "Le code est valable"),
    "till.bad.title": Text("The code is not taken", "Le code est refusé"),
    "till.offer.percentage": Text("{share} off", "{share} de remise"),
    "till.offer.capped": Text("{share} off, {cap} at most", "{share} de remise, {cap} au plus"),
    "till.offer.amount": Text("{amount} off", "{amount} de remise"),
    "till.offer.free_delivery": Text("Free delivery", "Livraison gratuite"),
    "till.offer.gift": Text("Gift: {gift}", "Cadeau : {gift}"),
    "till.offer.minimum": Text("for orders of {amount} or more", "pour les commandes d’au moins {amount}"),
    "till.offer.until": Text("until {time}", "jusqu’au {time}"),
    "till.to_pay": Text("To pay", "À payer"),
    "till.order": Text("Order", "Commande"),
    "till.discount": Text("Discount", "Remise"),
    "till.code": Text("Code", "Code"),
    "till.ref": Text("Receipt", "Ticket"),
    "till.returned": Text("Returned since", "Remboursé depuis"),
    "till.time": Text("Redeemed", "Utilisé le"),
    "till.undone_at": Text("Undone", "Annulé le"),
    "till.redeem.discount": Text("Redeem: take {amount} off", "Utiliser : déduire {amount}"),
    "till.redeem.plain": Text("Redeem the code", "Utiliser le code"),
    "till.change": Text("Change or cancel", "Modifier ou abandonner"),
    "till.recheck": Text("See what is to pay", "Voir le montant à payer"),
    # What was done
    "till.done.title": Text("The code is redeemed", "Le code est utilisé"),
    "till.undone.title": Text("The redemption is undone", "L’utilisation est annulée"),
    "till.undone.text": Text(
        "The code may be used again as long as its offer lasts. Charge the order without the discount.",
        "Le code peut resservir tant que son offre dure. Encaissez la commande sans la remise.",
    ),
    "till.next": Text("Next code", "Code suivant"),
    "till.undo": Text("Undo…", "Annuler…"),
    "till.undo.text": Text(
        "For an order that was not paid after all, or a code redeemed by mistake. The customer gets the use back.",
        "Pour une commande finalement non payée, ou un code utilisé par erreur. Le client récupère son utilisation.",
    ),
    "till.undo.sure": Text("Undo this redemption", "Annuler cette utilisation"),
    "till.undo.not_allowed": Text(
        "This till may not undo redemptions: its key lacks the scope codes:void.",
        "Cette caisse ne peut pas annuler d’utilisation : sa clé n’a pas le droit codes:void.",
    ),
    "till.latest.title": Text("Latest redemptions of this shop", "Dernières utilisations de cette boutique"),
    "till.latest.empty": Text(
        "Codes redeemed in this shop in the last 24 hours will stand here.",
        "Les codes utilisés dans cette boutique depuis 24 heures figureront ici.",
    ),
    "till.latest.undone": Text("undone", "annulé"),
}
