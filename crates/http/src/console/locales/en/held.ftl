held-title = Held and to review
held-lead = What is waiting for its time, and what somebody must review.
held-waiting = Waiting to go
held-see = See messages
held-nothing = Nothing is waiting: no message is scheduled or held.
held-total = { $count ->
    [one] { $count } message is waiting.
   *[other] { $count } messages are waiting.
}
held-leaves = Goes out
held-messages = Messages
held-why = Held by (last 24 hours)
held-doubts = Doubtful replies
held-doubts-lead = Each one counts as a STOP until somebody has reviewed it.
held-no-doubts = No replies to review.
held-when = When
held-phone = Phone
held-text = What it says
held-rule = Why it is in doubt
held-confirm = It is a STOP
held-confirm-title = Confirm this STOP?
held-confirm-what = { $number } wrote: “{ $text }”. This brand will send them no more marketing messages.
held-confirm-stays = Only a new consent can lift this STOP.
held-confirmed = The STOP has been confirmed.
held-lift = It is not
held-lift-title = Lift this doubtful STOP?
held-lift-what = { $number } wrote: “{ $text }”.
held-lift-marketing = Marketing messages can go to them again, if they gave consent.
held-lift-logged = Your name and the reason stay with the STOP.
held-lifted = The STOP has been lifted.
held-reason = Reason
held-reason-help = For example: “they mean the bus stop”.
held-reason-missing = Say why this is not a STOP.
held-sure = This STOP has been confirmed
held-platform = platform
held-lost = Messages from phones, matched to nobody
held-no-lost = Every message received has been matched.
held-code = To
held-means = Meaning
held-meaning-stop = STOP
held-meaning-stop-doubtful = Doubtful STOP
held-meaning-contact = CONTACT
held-meaning-start = START
held-meaning-keyword = Keyword
held-meaning-reply = Reply
held-orphans = Receipts without a message
held-no-orphans = Every receipt has found its message.
held-orphans-total = { $count ->
    [one] { $count } receipt kept; it will be matched if its message turns up.
   *[other] { $count } receipts kept; each will be matched if its message turns up.
}
held-route = Route
held-id = Operator’s ID
held-says = What it says
