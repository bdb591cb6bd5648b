common-skip = Skip to content
common-menu = Menu
common-navigation = Main navigation
common-choose-workspace = Choose a workspace
common-sign-out = Sign out
common-save = Save
common-apply = Apply
common-copy = Copy
common-cancel = Cancel
common-optional = (optional)
common-actions = Actions
common-theme = Appearance
common-theme-system = System
common-theme-light = Light
common-theme-dark = Dark
common-pager = Pages
common-newer = Newer
common-older = Older
common-results = { $count ->
    [0] No results
    [one] { $count } result
   *[other] { $count } results
}
common-chart-empty = Nothing to show for this period.
common-chart-numbers = Show the numbers
common-nav-compliance = Compliance
common-nav-settings = Settings
common-nav-platform = Platform
common-role-owner = Owner
common-role-compliance = Compliance
common-role-marketing = Marketing
common-role-support = Support
common-role-read-only = Read only
common-error = That did not work
common-error-home = Back to the console
common-error-id = Reference for support: { $id }
common-error-404 = This page does not exist
common-error-404-todo = The address may be incomplete, or what it showed belongs to another workspace.
common-error-403 = Your role does not allow this
common-error-403-todo = Ask an owner of the workspace to do it, or to change your role.
common-error-foreign = The request came from another site
common-error-foreign-todo = Nothing was changed. If it was you, go back to the page and try again.
common-error-400 = The request could not be understood
common-error-400-todo = Nothing was changed. Go back to the page and try again.
common-error-413 = That is too large
common-error-413-todo = Nothing was kept. Files can be up to 5 MB.
common-error-409 = That is no longer possible
common-error-409-todo = Something changed in the meantime. Go back to the page to see where things stand.
common-error-429 = Too many attempts
common-error-429-todo = Wait fifteen minutes, then try again.
common-error-503 = The service is not responding at the moment
common-error-503-todo = Nothing was lost. Try again in a minute; if it goes on, tell the operator of the platform.
common-error-504 = That took too long
common-error-504-todo = What you asked for may have been done, or may still be. Check before you do it again.
common-error-500 = Something went wrong on our side
common-error-500-todo = It has been logged. Try again; if it goes on, give the reference below to the operator of the platform.
common-stale = The service is not responding: what you see is from before. This page updates itself as soon as it is back.
common-components = Components
common-two = { $one } and { $two }
common-export = Export
common-export-begins = The export begins…
common-export-lines = { $count ->
    [one] { $count } line so far…
   *[other] { $count } lines so far…
}
common-export-whole = { $count ->
    [0] Exported: no line.
    [one] Exported: { $count } line.
   *[other] Exported: { $count } lines.
}
common-export-broken = Broken off after { $count ->
    [one] { $count } line
   *[other] { $count } lines
}: the file is not whole.
