phones-title = Téléphones
phones-lead = Les téléphones simulés du réseau de développement : ce qu’ils reçoivent, et leurs réponses.
phones-number = Numéro
phones-number-wrong = « { $value } » n’est pas un numéro. Écrivez 06 39 98 00 00.
phones-pick = Prendre ce téléphone
phones-none = Aucun téléphone n’a encore sonné
phones-none-todo = Envoyez un message à un mobile français, ou prenez un numéro pour écrire le premier.
phones-more = Seuls les 100 derniers sont montrés.
phones-screen = Écran du téléphone
phones-silent = Ce téléphone n’a rien reçu ni écrit.
phones-to = à
phones-parts = { $count ->
    [one] { $count } SMS
   *[other] { $count } SMS
}
phones-code = Numéro court
phones-code-help = Celui auquel le téléphone écrit : 36180, 38180.
phones-quick = Répondre d’un clic :
phones-text = Message
phones-text-wrong = Écrivez 1 à 1 000 caractères.
phones-write = Écrire
phones-written = Le téléphone a écrit : { $value }
