held-title = Retenus et à relire
held-lead = Ce qui attend son heure, et ce que quelqu’un doit relire.
held-waiting = En attente de départ
held-see = Voir les messages
held-nothing = Rien n’attend : aucun message planifié ou retenu.
held-total = { $count ->
    [one] { $count } message attend.
   *[other] { $count } messages attendent.
}
held-leaves = Départ
held-messages = Messages
held-why = Retenus par (24 heures)
held-doubts = Réponses douteuses
held-doubts-lead = Chacune compte comme un STOP tant que personne ne l’a relue.
held-no-doubts = Aucune réponse à relire.
held-when = Quand
held-phone = Téléphone
held-text = Ce qui est écrit
held-rule = Pourquoi on doute
held-confirm = C’est un STOP
held-confirm-title = Confirmer ce STOP ?
held-confirm-what = { $number } a écrit : « { $text } ». Plus aucun SMS marketing de cette marque ne lui partira.
held-confirm-stays = Seul un nouveau consentement permettra de lever ce STOP.
held-confirmed = Le STOP est confirmé.
held-lift = Ce n’en est pas un
held-lift-title = Lever ce STOP douteux ?
held-lift-what = { $number } a écrit : « { $text } ».
held-lift-marketing = Les SMS marketing pourront de nouveau lui partir, s’il y a consenti.
held-lift-logged = Votre nom et le motif restent avec le STOP.
held-lifted = Le STOP est levé.
held-reason = Motif
held-reason-help = Par exemple : « la personne parle de l’arrêt de bus ».
held-reason-missing = Dites pourquoi ce n’est pas un STOP.
held-sure = Ce STOP est confirmé
held-platform = plateforme
held-lost = Messages de téléphones sans destinataire
held-no-lost = Chaque message reçu appartient à quelqu’un.
held-code = Vers
held-means = Sens
held-meaning-stop = STOP
held-meaning-stop-doubtful = STOP douteux
held-meaning-contact = CONTACT
held-meaning-start = START
held-meaning-keyword = Mot-clé
held-meaning-reply = Réponse
held-orphans = Accusés sans message
held-no-orphans = Chaque accusé a trouvé son message.
held-orphans-total = { $count ->
    [one] { $count } accusé gardé ; il sera rapproché si son message apparaît.
   *[other] { $count } accusés gardés ; chacun sera rapproché si son message apparaît.
}
held-route = Route
held-id = Identifiant de l’opérateur
held-says = Ce qu’il dit
