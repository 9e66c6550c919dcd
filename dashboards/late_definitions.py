"""What came after the window of its message had closed, named and defined: it stands apart, in no other figure."""

from dashboards.texts import Definition, Text

LATE_DEFINITIONS: dict[str, Definition] = {
    "late_clicked": Definition(
        Text("Clicked late", "Cliqués après coup"),
        Text(
            "Messages whose link was first opened by a person after their attribution window had closed.",
            "Messages dont le lien a été ouvert par une personne pour la première fois après la fin de leur fenêtre "
            "d’attribution.",
        ),
    ),
    "late_engaged": Definition(
        Text("Engaged late", "Engagés après coup"),
        Text(
            "Messages on whose page somebody first did something after their attribution window had closed.",
            "Messages sur la page desquels quelqu’un a agi pour la première fois après la fin de leur fenêtre "
            "d’attribution.",
        ),
    ),
    "late_redeemed": Definition(
        Text("Redeemed late", "Codes utilisés après coup"),
        Text(
            "Messages whose promo code was first used after their attribution window had closed.",
            "Messages dont le code promo a été utilisé pour la première fois après la fin de leur fenêtre d’attribution.",
        ),
    ),
    "late_paid": Definition(
        Text("Paid late", "Payés après coup"),
        Text(
            "Messages whose amount was first paid after their attribution window had closed.",
            "Messages dont le montant a été payé pour la première fois après la fin de leur fenêtre d’attribution.",
        ),
    ),
    "late_replied": Definition(
        Text("Replied late", "Réponses après coup"),
        Text(
            "Messages that were first answered after their attribution window had closed.",
            "Messages auxquels quelqu’un a répondu pour la première fois après la fin de leur fenêtre d’attribution.",
        ),
    ),
    "late_opted_out": Definition(
        Text("Opted out late", "Désabonnés après coup"),
        Text(
            "Messages whose recipient said STOP after the attribution window had closed.",
            "Messages dont le destinataire a dit STOP après la fin de la fenêtre d’attribution.",
        ),
    ),
    "late_hit": Definition(
        Text("Late visits", "Visites après coup"),
        Text(
            "Openings of links, by any verdict, after the attribution window of their message had closed.",
            "Ouvertures de liens, quel que soit le verdict, après la fin de la fenêtre d’attribution de leur message.",
        ),
    ),
    "late_redemption": Definition(
        Text("Late redemptions", "Utilisations après coup"),
        Text(
            "Uses of promo codes after the attribution window of their message had closed. What was paid in them is told "
            "apart from the revenue.",
            "Utilisations de codes promo après la fin de la fenêtre d’attribution de leur message. Ce qui y a été payé est "
            "indiqué à part du chiffre d’affaires.",
        ),
    ),
    "late_return": Definition(
        Text("Late returns", "Remboursements après coup"),
        Text(
            "Amounts paid back after the attribution window had closed; taken off the late revenue, not off the other.",
            "Sommes remboursées après la fin de la fenêtre d’attribution ; retirées du chiffre d’affaires tardif, pas de "
            "l’autre.",
        ),
    ),
    "late_void": Definition(
        Text("Redemptions voided late", "Utilisations annulées après coup"),
        Text(
            "Redemptions undone after the attribution window had closed; taken off the late revenue, not off the other.",
            "Utilisations annulées après la fin de la fenêtre d’attribution ; retirées du chiffre d’affaires tardif, pas "
            "de l’autre.",
        ),
    ),
    "late_payment": Definition(
        Text("Late payments", "Paiements après coup"),
        Text(
            "Payments made after the attribution window of their message had closed; told apart from the revenue.",
            "Paiements effectués après la fin de la fenêtre d’attribution de leur message ; indiqués à part du chiffre "
            "d’affaires.",
        ),
    ),
}
