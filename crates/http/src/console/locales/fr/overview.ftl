overview-title = Vue d’ensemble
overview-span = Période
overview-span-today = Aujourd’hui
overview-span-7d = 7 jours
overview-span-30d = 30 jours
overview-send = Envoyer un message
overview-send-first = Envoyer le premier message
overview-empty = Rien n’a été envoyé sur cette période
overview-empty-todo = Écrivez un message : vous verrez ses parties, son coût et ce que les règles en disent avant qu’il parte, puis son arrivée ici.
overview-empty-curl = Ou depuis un programme, avec une clé d’API :
overview-copy = Copier
overview-accepted = Acceptés
overview-parts = { $count ->
    [one] { $count } SMS
   *[other] { $count } SMS
}
overview-delivered = Livrés
overview-share = { $share } des messages terminés
overview-under-way = En cours
overview-unknown = et { $count } sans nouvelles
overview-failed = Échoués
overview-blocked = { $count ->
    [one] et { $count } bloqué par une règle
   *[other] et { $count } bloqués par une règle
}
overview-cost = Coût
overview-cost-note = au tarif de l’espace
overview-stops = Nouveaux STOP
overview-stop-share = { $share } du marketing livré
overview-by-hour = Messages par heure
overview-by-day = Messages par jour
overview-routes = Par route
overview-route = Route
overview-health = État
overview-route-up = En service
overview-route-partly = { $all ->
    [one] { $up } liaison sur { $all }
   *[other] { $up } liaisons sur { $all }
}
overview-route-down = Hors service
overview-route-gone = Retirée
overview-submitted = Remis
overview-rate = Taux de livraison
overview-half = Accusé médian
overview-most = 9 accusés sur 10
overview-seconds = moins de { $count } s
overview-minutes = moins de { $count } min
overview-hours = moins de { $count } h
overview-senders = Par expéditeur
overview-sender = Expéditeur
overview-parts-head = SMS
overview-rules = Ce que les règles ont retenu ou refusé
overview-rules-none = Aucune règle n’a rien eu à redire.
overview-effect = Effet
overview-effect-refused = Refusé
overview-effect-held = Retenu
overview-effect-blocked = Bloqué
overview-why = Règle
overview-count = Nombre
overview-stops-none = Personne n’a dit STOP.
overview-from = Origine
overview-source-stop-reply = Réponse STOP
overview-source-import = Import
overview-source-operator = Opérateur
overview-source-cli = Ligne de commande
overview-source-api = API
overview-source-console = Console
