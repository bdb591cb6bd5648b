-- Where a workspace's customers are told what happened.
CREATE TABLE webhook_endpoint (
    id              INTEGER PRIMARY KEY,
    workspace       INTEGER NOT NULL REFERENCES workspace (id),
    url             TEXT NOT NULL,
    topics          TEXT NOT NULL, -- names separated by blanks
    description     TEXT,
    enabled         INTEGER NOT NULL,
    secret          BLOB NOT NULL, -- signs, so it cannot be kept as a hash
    previous_secret BLOB,          -- signs too, until its end
    previous_until  INTEGER,
    created_at      INTEGER NOT NULL,
    failing_since   INTEGER,
    disabled_reason TEXT
) STRICT;
CREATE INDEX webhook_endpoint_of_workspace ON webhook_endpoint (workspace, id);

-- What happened, written in the transaction in which it happened, word for word as it is sent.
CREATE TABLE webhook_event (
    id        INTEGER PRIMARY KEY,
    workspace INTEGER NOT NULL,
    topic     TEXT NOT NULL,
    at        INTEGER NOT NULL,
    message   INTEGER,
    number    INTEGER, -- of an event about a person and no message
    payload   TEXT NOT NULL
) STRICT;
-- So that a person's data can be erased. Messages' ids rise, so both grow at their end.
CREATE INDEX webhook_event_of_message ON webhook_event (message) WHERE message IS NOT NULL;
CREATE INDEX webhook_event_of_number ON webhook_event (workspace, number) WHERE number IS NOT NULL;

-- Who is to be told of it. State 0 owed, 1 taken, 2 given up.
CREATE TABLE webhook_delivery (
    endpoint INTEGER NOT NULL,
    event    INTEGER NOT NULL,
    state    INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    due_at   INTEGER NOT NULL, -- of one that is leased: the end of the lease
    leased   INTEGER NOT NULL,
    tried_at INTEGER,
    took_ms  INTEGER,
    status   INTEGER,
    error    TEXT,
    answer   TEXT,
    PRIMARY KEY (endpoint, event)
) STRICT, WITHOUT ROWID;
CREATE INDEX webhook_due ON webhook_delivery (endpoint, due_at) WHERE state = 0;
