common-skip = Aller au contenu
common-menu = Menu
common-navigation = Navigation principale
common-choose-workspace = Choisir un espace
common-sign-out = Se déconnecter
common-save = Enregistrer
common-apply = Appliquer
common-copy = Copier
common-cancel = Annuler
common-optional = (facultatif)
common-actions = Actions
common-theme = Apparence
common-theme-system = Système
common-theme-light = Clair
common-theme-dark = Sombre
common-pager = Pages
common-newer = Plus récents
common-older = Plus anciens
common-results = { $count ->
    [0] Aucun résultat
    [one] { $count } résultat
   *[other] { $count } résultats
}
common-chart-empty = Rien à montrer pour cette période.
common-chart-numbers = Voir les chiffres
common-nav-compliance = Conformité
common-nav-settings = Réglages
common-nav-platform = Plateforme
common-role-owner = Propriétaire
common-role-compliance = Conformité
common-role-marketing = Marketing
common-role-support = Support
common-role-read-only = Lecture seule
common-error = Cela n’a pas marché
common-error-home = Revenir à l’accueil
common-error-id = Référence à donner au support : { $id }
common-error-404 = Cette page n’existe pas
common-error-404-todo = L’adresse est peut-être incomplète, ou ce qu’elle montrait appartient à un autre espace.
common-error-403 = Votre rôle ne le permet pas
common-error-403-todo = Demandez à un propriétaire de l’espace de le faire, ou de changer votre rôle.
common-error-foreign = La demande vient d’un autre site
common-error-foreign-todo = Rien n’a été changé. Si c’est vous qui l’avez demandé, revenez à la page et recommencez.
common-error-400 = La demande n’a pas été comprise
common-error-400-todo = Rien n’a été changé. Revenez à la page et recommencez.
common-error-413 = C’est trop volumineux
common-error-413-todo = Rien n’a été gardé. Les fichiers ont 5 Mo au plus.
common-error-409 = Ce n’est plus possible
common-error-409-todo = Quelque chose a changé entre-temps. Revenez à la page pour voir où on en est.
common-error-429 = Trop d’essais
common-error-429-todo = Attendez un quart d’heure, puis recommencez.
common-error-503 = Le service ne répond pas pour le moment
common-error-503-todo = Rien n’a été perdu. Recommencez dans une minute ; si cela dure, prévenez l’exploitant.
common-error-504 = Cela a pris trop de temps
common-error-504-todo = Ce que vous avez demandé a peut-être été fait, ou va l’être. Regardez avant de recommencer.
common-error-500 = Une erreur s’est produite de notre côté
common-error-500-todo = Elle est notée. Recommencez ; si cela dure, donnez la référence ci-dessous à l’exploitant.
common-stale = Le service ne répond pas : ce qui est affiché date d’avant. La page se mettra à jour dès qu’il reviendra.
common-components = Composants
common-two = { $one } et { $two }
common-export = Export
common-export-begins = L’export commence…
common-export-lines = { $count ->
    [one] { $count } ligne jusqu’ici…
   *[other] { $count } lignes jusqu’ici…
}
common-export-whole = { $count ->
    [0] Exporté : aucune ligne.
    [one] Exporté : { $count } ligne.
   *[other] Exporté : { $count } lignes.
}
common-export-broken = Interrompu après { $count ->
    [one] { $count } ligne
   *[other] { $count } lignes
} : le fichier n’est pas entier.
