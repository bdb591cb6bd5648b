-- A thread may be put away before its phone ever wrote: then no code is known for it.
CREATE TABLE conversation_anew (
    id            INTEGER PRIMARY KEY,
    workspace     INTEGER NOT NULL,
    phone         INTEGER NOT NULL,
    sender        TEXT NOT NULL,    -- the workspace's
    code          INTEGER,          -- to which the phone wrote last
    last_at       INTEGER NOT NULL,
    last_item     INTEGER NOT NULL,
    unread        INTEGER NOT NULL, -- how many of the phone's messages were not read
    archived_at   INTEGER,
    session_until INTEGER NOT NULL, -- until then it may be answered as a conversation
    UNIQUE (phone, workspace, sender)
) STRICT;
INSERT INTO conversation_anew SELECT id, workspace, phone, sender, code, last_at, last_item, unread, archived_at,
    session_until FROM conversation;
DROP TABLE conversation;
ALTER TABLE conversation_anew RENAME TO conversation;
CREATE INDEX conversation_by_activity ON conversation (workspace, last_at, id);

-- A STOP that nobody can be found for counts for the whole platform. It knows the code that it was said to, so that
-- START there lifts it; and it is listed.
ALTER TABLE opt_out ADD COLUMN code INTEGER;
CREATE INDEX opt_out_of_platform ON opt_out (id) WHERE scope = 'platform';
