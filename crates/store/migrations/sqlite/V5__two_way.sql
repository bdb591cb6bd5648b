-- The parts of what phones sent keep their place in the whole message; by it repeats are known.
ALTER TABLE inbound ADD COLUMN received INTEGER;    -- the whole message it belongs to
ALTER TABLE inbound ADD COLUMN reference INTEGER;   -- of a message of several parts
ALTER TABLE inbound ADD COLUMN total INTEGER;
ALTER TABLE inbound ADD COLUMN part INTEGER;        -- from 1
ALTER TABLE inbound ADD COLUMN text_from INTEGER;   -- where in content its text begins
ALTER TABLE inbound ADD COLUMN operator_id TEXT;    -- the operator's own id of this delivery, where it gives one
CREATE INDEX inbound_of_received ON inbound (received) WHERE received IS NOT NULL;
CREATE INDEX inbound_long ON inbound (phone, reference) WHERE total > 1;
CREATE INDEX inbound_by_operator_id ON inbound (route, operator_id) WHERE operator_id IS NOT NULL;

-- What phones sent, put together: one row a whole message.
CREATE TABLE received (
    id           INTEGER PRIMARY KEY, -- its second lowest bit is set
    at           INTEGER NOT NULL,    -- when its first part came
    route        INTEGER NOT NULL,
    phone        INTEGER,             -- when the source is a number
    source       TEXT NOT NULL,       -- as it came
    destination  TEXT NOT NULL,       -- as it came
    code         INTEGER,             -- the short code, when it is one
    workspace    INTEGER,             -- none: nobody can tell whose it is
    sender       TEXT,                -- the workspace's sender that it answers
    conversation INTEGER,
    text         TEXT NOT NULL,
    meaning      TEXT NOT NULL,       -- stop, stop_doubtful, contact, start, keyword, reply
    rule         TEXT,                -- by which it was understood
    keyword      INTEGER,
    in_reply_to  INTEGER,             -- the last message that this phone had from that sender
    answer       INTEGER,             -- what we answered by ourselves
    parts        INTEGER NOT NULL,    -- as it says of itself
    parts_here   INTEGER NOT NULL,
    open         INTEGER NOT NULL,    -- 1 while parts are waited for
    repeats      INTEGER NOT NULL DEFAULT 0 -- deliveries of the same, beyond the first
) STRICT;
CREATE INDEX received_of_workspace ON received (workspace, id) WHERE open = 0;
CREATE INDEX received_of_phone ON received (phone, id);
CREATE INDEX received_open ON received (id) WHERE open = 1;

-- By which message a phone was last written through a code, by each sender: what its answer is about.
-- The code is the sender itself, or the one that its STOP mention names.
CREATE TABLE written (
    phone        INTEGER NOT NULL,
    code         INTEGER NOT NULL,
    workspace    INTEGER NOT NULL,
    sender       TEXT NOT NULL,
    message      INTEGER NOT NULL,
    at           INTEGER NOT NULL,
    marketing_at INTEGER, -- the last time that it was marketing
    PRIMARY KEY (phone, code, workspace, sender)
) STRICT, WITHOUT ROWID;

-- Threads: begun by a phone that writes.
CREATE TABLE conversation (
    id            INTEGER PRIMARY KEY,
    workspace     INTEGER NOT NULL,
    phone         INTEGER NOT NULL,
    sender        TEXT NOT NULL,    -- the workspace's
    code          INTEGER NOT NULL, -- to which the phone wrote last
    last_at       INTEGER NOT NULL,
    last_item     INTEGER NOT NULL,
    unread        INTEGER NOT NULL, -- how many of the phone's messages were not read
    archived_at   INTEGER,
    session_until INTEGER NOT NULL, -- until then it may be answered as a conversation
    UNIQUE (phone, workspace, sender)
) STRICT;
CREATE INDEX conversation_by_activity ON conversation (workspace, last_at, id);
CREATE TABLE conversation_item (
    conversation INTEGER NOT NULL,
    item         INTEGER NOT NULL, -- of message or of received
    PRIMARY KEY (conversation, item)
) STRICT, WITHOUT ROWID;

CREATE TABLE keyword (
    id         INTEGER PRIMARY KEY,
    workspace  INTEGER NOT NULL REFERENCES workspace (id),
    code       INTEGER NOT NULL,
    words      TEXT NOT NULL,    -- the word and its synonyms as their owner writes them, one a line; none: the default answer
    prefix     INTEGER NOT NULL, -- whether more may follow the word
    reply      TEXT,
    advertiser TEXT,             -- of the subscription that it is, if it is one
    purpose    TEXT,
    text_shown TEXT,
    created_at INTEGER NOT NULL,
    changed_at INTEGER NOT NULL
) STRICT;
CREATE INDEX keyword_of_workspace ON keyword (workspace, id);
CREATE INDEX keyword_on_code ON keyword (code);
CREATE UNIQUE INDEX keyword_default ON keyword (code, workspace) WHERE words = '';
-- A word means one thing on a code, whoever shares it.
CREATE TABLE keyword_word (
    code     INTEGER NOT NULL,
    plain    TEXT NOT NULL, -- as it is compared
    keyword  INTEGER NOT NULL REFERENCES keyword (id) ON DELETE CASCADE,
    position INTEGER NOT NULL, -- among the words of its keyword
    PRIMARY KEY (code, plain)
) STRICT, WITHOUT ROWID;
CREATE INDEX keyword_word_of ON keyword_word (keyword);

-- What the product answers by itself says so, so that the judge gives it its own permit.
ALTER TABLE message ADD COLUMN auto_reply TEXT;

-- Who publishes, as CONTACT must tell, and in which language.
ALTER TABLE settings ADD COLUMN language TEXT NOT NULL DEFAULT 'fr';
ALTER TABLE settings ADD COLUMN legal_name TEXT;
ALTER TABLE settings ADD COLUMN siren TEXT;
ALTER TABLE settings ADD COLUMN register_city TEXT;
ALTER TABLE settings ADD COLUMN service_phone TEXT;
ALTER TABLE settings ADD COLUMN service_contact TEXT;
ALTER TABLE sender ADD COLUMN language TEXT;

-- A name belongs to one workspace of the platform, unless its claim was refused; a shared short code to
-- as many as the platform gives it to.
DROP INDEX sender_claimed;
CREATE UNIQUE INDEX sender_claimed ON sender (folded) WHERE state <> 'FAILED' AND shared_code = 0;

-- A receipt may say that the recipient told the operator STOP, also while nobody knows its message.
ALTER TABLE orphan ADD COLUMN opted_out INTEGER NOT NULL DEFAULT 0;
