held-title = Held and review
held-lead = What waits for its time, and what somebody must read.
held-waiting = Waiting to leave
held-see = See the messages
held-nothing = Nothing waits: no message is scheduled or held.
held-total = { $count ->
    [one] { $count } message waits.
   *[other] { $count } messages wait.
}
held-leaves = Leaves
held-messages = Messages
held-why = Held by (24 hours)
held-doubts = Doubtful replies
held-doubts-lead = Each counts as a STOP until somebody has read it.
held-no-doubts = No reply to read.
held-when = When
held-phone = Phone
held-text = What it says
held-rule = Why there is a doubt
held-confirm = It is a STOP
held-confirm-title = Confirm this STOP?
held-confirm-what = { $number } wrote: “{ $text }”. No marketing message of this brand will leave for them any more.
held-confirm-stays = Only a new consent can lift this STOP.
held-confirmed = The STOP is confirmed.
held-lift = It is none
held-lift-title = Lift this doubtful STOP?
held-lift-what = { $number } wrote: “{ $text }”.
held-lift-marketing = Marketing messages may leave for them again, if they consented.
held-lift-logged = Your name and the reason stay with the STOP.
held-lifted = The STOP is lifted.
held-reason = Reason
held-reason-help = For example: “the person speaks of the bus stop”.
held-reason-missing = Say why this is no STOP.
held-sure = This STOP is confirmed
held-platform = platform
held-lost = Messages from phones that belong to nobody
held-no-lost = Every message received belongs to somebody.
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
    [one] { $count } receipt kept; it is matched if its message appears.
   *[other] { $count } receipts kept; each is matched if its message appears.
}
held-route = Route
held-id = The operator’s id
held-says = What it says
