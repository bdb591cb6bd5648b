conversations-title = Conversations
conversations-folders = Dossiers
conversations-inbox = Boîte de réception
conversations-unread = Non lues
conversations-archive = Archivées
conversations-filter = Filtrer
conversations-number = Numéro
conversations-number-wrong = Écrivez le numéro comme 06 12 34 56 78 ou +33612345678.
conversations-sender = Expéditeur
conversations-sender-all = Tous
conversations-shown = { $count ->
    [one] { $count } conversation
   *[other] { $count } conversations
}
conversations-none = Personne n’a encore écrit
conversations-none-todo = Quand quelqu’un répond à un message, ou écrit à l’un de vos numéros courts, la conversation s’ouvre ici.
conversations-none-here = Rien ici
conversations-none-here-todo = Aucune conversation ne correspond à ce choix. Changez de dossier ou videz les filtres.
conversations-unread-count = { $count ->
    [one] { $count } message non lu
   *[other] { $count } messages non lus
}
conversations-us = Vous :
conversations-we-said = Vous avez écrit :
conversations-they-said = La personne a écrit :
conversations-said = Messages de la conversation
conversations-with = avec { $sender }
conversations-by-code = par le { $code }
conversations-older = Messages précédents
conversations-mark-unread = Marquer non lue
conversations-archive-it = Archiver
conversations-unarchive = Remettre en boîte de réception
conversations-marked-unread = La conversation avec { $value } est marquée non lue.
conversations-archived = La conversation avec { $value } est archivée. Un nouveau message la ramènera.
conversations-unarchived = La conversation avec { $value } est de retour.
conversations-stopped = STOP depuis le
conversations-stop-advertiser = Plus aucun SMS marketing ne peut lui être envoyé pour cet annonceur.
conversations-stop-workspace = Plus aucun SMS marketing ne peut lui être envoyé depuis cet espace.
conversations-stop-platform = Plus aucun SMS marketing ne peut lui être envoyé depuis cette plateforme.
conversations-stop-of = Annonceur : { $advertiser }.
conversations-answer = Votre réponse
conversations-from = De la part de
conversations-send = Répondre
conversations-sent = Réponse acceptée : elle part maintenant.
conversations-refused = La réponse n’est pas partie
conversations-empty-text = Écrivez un message.
conversations-session-open = Réponse libre, à toute heure et sans marketing, jusqu’au
conversations-session-over = Aucune conversation ouverte (STOP, ou rien d’écrit depuis 24 heures) : une réponse peut être refusée.
conversations-may-not-answer = Votre rôle permet de lire les conversations, pas d’y répondre.
conversations-automatic = Réponse automatique
conversations-incomplete = Incomplet
conversations-meaning-stop = STOP
conversations-meaning-stop-doubtful = STOP à confirmer
conversations-meaning-contact = CONTACT
conversations-meaning-start = Réinscription
conversations-meaning-keyword = Mot-clé
