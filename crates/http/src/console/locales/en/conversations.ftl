conversations-title = Conversations
conversations-folders = Folders
conversations-inbox = Inbox
conversations-unread = Unread
conversations-archive = Archived
conversations-filter = Filter
conversations-number = Number
conversations-number-wrong = Write the number like 06 12 34 56 78 or +33612345678.
conversations-sender = Sender
conversations-sender-all = All
conversations-shown = { $count ->
    [one] { $count } conversation
   *[other] { $count } conversations
}
conversations-none = Nobody has written yet
conversations-none-todo = When somebody replies to a message, or writes to one of your short codes, the conversation opens here.
conversations-none-here = Nothing here
conversations-none-here-todo = No conversation matches. Choose another folder or clear the filters.
conversations-unread-count = { $count ->
    [one] { $count } unread message
   *[other] { $count } unread messages
}
conversations-us = You:
conversations-we-said = You wrote:
conversations-they-said = The person wrote:
conversations-said = Messages in the conversation
conversations-with = with { $sender }
conversations-by-code = via { $code }
conversations-older = Earlier messages
conversations-mark-unread = Mark as unread
conversations-archive-it = Archive
conversations-unarchive = Move to inbox
conversations-marked-unread = The conversation with { $value } is marked as unread.
conversations-archived = The conversation with { $value } has been archived. A new message brings it back.
conversations-unarchived = The conversation with { $value } is back in the inbox.
conversations-stopped = STOP since
conversations-stop-advertiser = No more marketing can be sent to this person for this advertiser.
conversations-stop-workspace = No more marketing can be sent to this person from this workspace.
conversations-stop-platform = No more marketing can be sent to this person from this platform.
conversations-stop-of = Advertiser: { $advertiser }.
conversations-answer = Your reply
conversations-from = From
conversations-send = Reply
conversations-sent = Reply accepted: it is on its way.
conversations-refused = The reply was not sent
conversations-empty-text = Write a message.
conversations-session-open = You can reply freely, at any hour, without marketing, until
conversations-session-over = No open conversation (STOP, or nothing written for 24 hours): a reply may be refused.
conversations-may-not-answer = Your role lets you read conversations, not reply.
conversations-automatic = Automatic reply
conversations-incomplete = Incomplete
conversations-meaning-stop = STOP
conversations-meaning-stop-doubtful = STOP to confirm
conversations-meaning-contact = CONTACT
conversations-meaning-start = Opted in again
conversations-meaning-keyword = Keyword
