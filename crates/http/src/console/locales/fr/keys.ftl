keys-title = Clés d’API
keys-lead = Une clé ouvre l’API de cet espace à un programme. Elle n’est montrée qu’une fois, quand elle est créée.
keys-new = Nouvelle clé
keys-none = Aucune clé
keys-none-todo = Créez une clé pour envoyer des SMS depuis votre application, ou passez par la page Envoyer.
keys-label = Nom
keys-label-help = Ce qui s’en servira : « boutique », « relances ».
keys-label-wrong = Donnez un nom de 1 à 60 caractères.
keys-secret = Clé
keys-scopes = Ce qu’elle peut faire
keys-scopes-wrong = Choisissez au moins une chose.
keys-made-at = Créée
keys-used = Dernier envoi
keys-used-count = { $count ->
    [one] { $count } message ce jour-là
   *[other] { $count } messages ce jour-là
}
keys-not-used = aucun depuis { $days } jours
keys-state = État
keys-state-active = Active
keys-state-revoked = Révoquée
keys-state-test = Test
keys-test = Clé de test
keys-test-help = N’envoie qu’aux numéros de fiction 06 39 98 00 00 à 99, jamais à de vrais téléphones.
keys-quota = Messages par jour
keys-quota-help = Au plus, par jour UTC. Vide : sans limite.
keys-quota-wrong = Écrivez un nombre entier de 1 à 100 000 000, ou laissez vide.
keys-quota-is = { $count ->
    [one] { $count } message par jour au plus
   *[other] { $count } messages par jour au plus
}
keys-make = Créer la clé
keys-made = Clé créée
keys-once = Copiez-la maintenant : elle ne sera plus jamais montrée.
keys-try = L’essayer
keys-kept = Je l’ai copiée
keys-too-many = Cet espace a déjà 100 clés actives
keys-revoke = Révoquer
keys-revoke-question = Révoquer cette clé ?
keys-revoke-what = La clé « { $label } » ({ $visible }…) n’ouvrira plus rien.
keys-revoke-at-once = Les programmes qui s’en servent reçoivent l’erreur 401 dès maintenant.
keys-revoke-used = { $count ->
    [one] Elle a servi récemment : { $count } message le dernier jour.
   *[other] Elle a servi récemment : { $count } messages le dernier jour.
}
keys-revoke-unused = Aucun message n’a été envoyé avec elle depuis { $days } jours.
keys-revoke-kept = Les messages déjà acceptés partent quand même.
keys-revoke-final = Elle ne peut pas être rétablie : il faudra en créer une autre.
keys-revoked = La clé { $value } est révoquée.
keys-revoked-already = Cette clé est déjà révoquée
keys-scope-sms-send = Envoyer des SMS
keys-scope-conversations-read = Lire messages et conversations
keys-scope-phone-numbers-read = Lire les expéditeurs
keys-scope-webhooks-read-write = Gérer les webhooks
keys-scope-contacts-read = Lire les contacts
keys-scope-contacts-read-write = Gérer les contacts
keys-scope-consents-read-write = Gérer consentements et STOP
keys-scope-sender-ids-read-write = Déclarer des expéditeurs
keys-scope-compliance-review = Vérifier les expéditeurs
keys-scope-partner = Partenaire
keys-scope-keywords-read-write = Gérer les mots-clés
