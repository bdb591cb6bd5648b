keys-title = API keys
keys-lead = A key gives a program access to this workspace’s API. It is shown once, when it is created.
keys-new = New key
keys-none = No keys
keys-none-todo = Create a key to send SMS from your application, or use the Send page.
keys-label = Name
keys-label-help = What will use it: “shop”, “reminders”.
keys-label-wrong = Enter a name of 1 to 60 characters.
keys-secret = Key
keys-scopes = What it may do
keys-scopes-wrong = Choose at least one.
keys-made-at = Created
keys-used = Last send
keys-used-count = { $count ->
    [one] { $count } message that day
   *[other] { $count } messages that day
}
keys-not-used = nothing in { $days } days
keys-state = State
keys-state-active = Active
keys-state-revoked = Revoked
keys-state-test = Test
keys-test = Test key
keys-test-help = Sends only to the fictional numbers 06 39 98 00 00 to 99, never to real phones.
keys-quota = Messages a day
keys-quota-help = Per UTC day. Leave empty for no limit.
keys-quota-wrong = Enter a whole number from 1 to 100,000,000, or leave empty.
keys-quota-is = { $count ->
    [one] up to { $count } message a day
   *[other] up to { $count } messages a day
}
keys-make = Create key
keys-made = Key created
keys-once = Copy it now: it will not be shown again.
keys-try = Try it
keys-kept = I have copied it
keys-too-many = This workspace already has 100 active keys
keys-revoke = Revoke
keys-revoke-question = Revoke this key?
keys-revoke-what = The key “{ $label }” ({ $visible }…) will no longer open anything.
keys-revoke-at-once = Programs that use it get a 401 error from now on.
keys-revoke-used = { $count ->
    [one] It was used recently: { $count } message on its last day.
   *[other] It was used recently: { $count } messages on its last day.
}
keys-revoke-unused = No message has been sent with it for { $days } days.
keys-revoke-kept = Messages already accepted still go out.
keys-revoke-final = It cannot be restored: a new one would have to be created.
keys-revoked = The key { $value } has been revoked.
keys-revoked-already = This key has already been revoked
keys-scope-sms-send = Send SMS
keys-scope-conversations-read = Read messages and conversations
keys-scope-phone-numbers-read = Read senders
keys-scope-webhooks-read-write = Manage webhooks
keys-scope-contacts-read = Read contacts
keys-scope-contacts-read-write = Manage contacts
keys-scope-consents-read-write = Manage consents and STOPs
keys-scope-sender-ids-read-write = Declare senders
keys-scope-compliance-review = Review senders
keys-scope-partner = Partner
keys-scope-keywords-read-write = Manage keywords
