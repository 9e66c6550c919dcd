"""What the ways in and out say, in English and in French. For `dashboards.catalog`."""

from dashboards.texts import Text

SIGN_IN_TEXTS: dict[str, Text] = {
    "sign_in.title": Text("Sign in", "Connexion"),
    "sign_in.email": Text("E-mail address", "Adresse e-mail"),
    "sign_in.password": Text("Password", "Mot de passe"),
    "sign_in.button": Text("Sign in", "Se connecter"),
    "sign_in.help": Text(
        "No password yet? Whoever runs Ricochet for you can send you a sign-in link that works once.",
        "Pas encore de mot de passe ? La personne qui administre Ricochet peut vous envoyer un lien de connexion à usage "
        "unique.",
    ),
    "sign_in.wrong": Text(
        "This e-mail address and this password do not go together. Check both and try again.",
        "Cette adresse e-mail et ce mot de passe ne vont pas ensemble. Vérifiez les deux et réessayez.",
    ),
    "sign_in.no_email": Text("Enter your e-mail address.", "Saisissez votre adresse e-mail."),
    "sign_in.no_password": Text("Enter your password.", "Saisissez votre mot de passe."),
    "sign_in.stale": Text(
        "This form was open for too long, or your browser refuses cookies. Nothing was sent on; sign in once more.",
        "Ce formulaire est resté ouvert trop longtemps, ou votre navigateur refuse les cookies. Rien n’a été transmis ; "
        "connectez-vous à nouveau.",
    ),
    "link.title": Text("Your sign-in link", "Votre lien de connexion"),
    "link.explain": Text(
        "This link signs you in once. It is used up when you press the button, not before.",
        "Ce lien vous connecte une seule fois. Il est consommé quand vous appuyez sur le bouton, pas avant.",
    ),
    "link.button": Text("Sign in with this link", "Se connecter avec ce lien"),
    "link.spent": Text(
        "This link was used already, or it is too old. Ask whoever runs Ricochet for another, or sign in with your "
        "password.",
        "Ce lien a déjà servi, ou il est trop ancien. Demandez-en un autre à la personne qui administre Ricochet, ou "
        "connectez-vous avec votre mot de passe.",
    ),
}
