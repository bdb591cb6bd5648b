phones-title = Phones
phones-lead = The simulated phones of the development network: what they receive, and what they reply.
phones-number = Number
phones-number-wrong = “{ $value }” is not a number. Write 06 39 98 00 00.
phones-pick = Open this phone
phones-none = No phone has rung yet
phones-none-todo = Send a message to a French mobile, or open a phone to write first.
phones-more = Only the last 100 are shown.
phones-screen = Screen of the phone
phones-silent = This phone has received and written nothing.
phones-to = to
phones-parts = { $count ->
    [one] { $count } SMS
   *[other] { $count } SMS
}
phones-code = Short code
phones-code-help = The one the phone writes to: 36180, 38180.
phones-quick = Reply with one click:
phones-text = Message
phones-text-wrong = Write 1 to 1,000 characters.
phones-write = Write
phones-written = The phone wrote: { $value }
