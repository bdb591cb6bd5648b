conversations-title = Conversations
conversations-folders = Folders
conversations-inbox = Inbox
conversations-unread = Unread
conversations-archive = Archived
conversations-filter = Filter
conversations-number = Number
conversations-number-wrong = Write the number as 06 12 34 56 78 or +33612345678.
conversations-sender = Sender
conversations-sender-all = All
conversations-shown = { $count ->
    [one] { $count } conversation
   *[other] { $count } conversations
}
conversations-none = Nobody has written yet
conversations-none-todo = When somebody answers a message, or writes to one of your short codes, the conversation opens here.
conversations-none-here = Nothing here
conversations-none-here-todo = No conversation is like that. Choose another folder or empty the filters.
conversations-unread-count = { $count ->
    [one] { $count } unread message
   *[other] { $count } unread messages
}
conversations-us = You:
conversations-we-said = You wrote:
conversations-they-said = The person wrote:
conversations-said = Messages of the conversation
conversations-with = with { $sender }
conversations-by-code = by { $code }
conversations-older = Earlier messages
conversations-mark-unread = Mark unread
conversations-archive-it = Archive
conversations-unarchive = Back to the inbox
conversations-marked-unread = The conversation with { $value } is marked unread.
conversations-archived = The conversation with { $value } is archived. A new message brings it back.
conversations-unarchived = The conversation with { $value } is back.
conversations-stopped = STOP since
conversations-stop-advertiser = No marketing can be sent to this person for this advertiser any more.
conversations-stop-workspace = No marketing can be sent to this person from this workspace any more.
conversations-stop-platform = No marketing can be sent to this person from this platform any more.
conversations-stop-of = Advertiser: { $advertiser }.
conversations-answer = Your answer
conversations-from = From
conversations-send = Answer
conversations-sent = Answer accepted: it leaves now.
conversations-refused = The answer was not sent
conversations-empty-text = Write a message.
conversations-session-open = You may answer freely, at any hour, without marketing, until
conversations-session-over = No open conversation (STOP, or nothing written for 24 hours): an answer may be refused.
conversations-may-not-answer = Your role lets you read conversations, not answer them.
conversations-automatic = Automatic answer
conversations-incomplete = Incomplete
conversations-meaning-stop = STOP
conversations-meaning-stop-doubtful = STOP to confirm
conversations-meaning-contact = CONTACT
conversations-meaning-start = Opt-in again
conversations-meaning-keyword = Keyword
