-- Times are milliseconds since the Unix epoch, UTC. Ids are 64-bit keys ordered by time; the low
-- four bits are a part's index and zero in everything that is not a part.
--
-- State codes are ordered so that a message's state is the smallest code among its parts:
-- 0 scheduled, 1 queued, 2 submitting, 3 unknown, 4 submitted, 5 blocked, 6 cancelled, 7 rejected,
-- 8 undelivered, 9 expired, 10 delivered.

CREATE TABLE meta (
    id         INTEGER PRIMARY KEY CHECK (id = 1),
    generation INTEGER NOT NULL -- rises with every change to the directory
) STRICT;
INSERT INTO meta (id, generation) VALUES (1, 1);

CREATE TABLE workspace (
    id         INTEGER PRIMARY KEY,
    name       TEXT NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE api_key (
    id               INTEGER PRIMARY KEY,
    workspace        INTEGER NOT NULL REFERENCES workspace (id),
    label            TEXT NOT NULL,
    visible          TEXT NOT NULL,
    hash             BLOB NOT NULL UNIQUE, -- SHA-256 of the secret; the secret itself is never kept
    scopes           TEXT NOT NULL,        -- names separated by blanks
    test             INTEGER NOT NULL,
    read_per_second  INTEGER NOT NULL,
    write_per_second INTEGER NOT NULL,
    daily_quota      INTEGER,
    created_at       INTEGER NOT NULL,
    revoked_at       INTEGER
) STRICT;

CREATE TABLE sender (
    id         INTEGER PRIMARY KEY,
    workspace  INTEGER NOT NULL REFERENCES workspace (id),
    name       TEXT NOT NULL,
    folded     TEXT NOT NULL,
    class      TEXT NOT NULL,
    state      TEXT NOT NULL,
    reason     TEXT,
    decided_by TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    decided_at INTEGER NOT NULL,
    UNIQUE (workspace, folded)
) STRICT;
-- A name belongs to one workspace of the platform, unless its claim was refused.
CREATE UNIQUE INDEX sender_claimed ON sender (folded) WHERE state <> 'FAILED';

CREATE TABLE route (
    id   INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
) STRICT;

CREATE TABLE audit (
    id        INTEGER PRIMARY KEY,
    at        INTEGER NOT NULL,
    actor     TEXT NOT NULL,
    workspace INTEGER,
    action    TEXT NOT NULL,
    detail    TEXT NOT NULL
) STRICT;
CREATE INDEX audit_of_workspace ON audit (workspace, id);

-- What was accepted. Written once, never updated, and without an index in random order: the cost of
-- a message does not grow with their number.
CREATE TABLE message (
    id               INTEGER PRIMARY KEY,
    workspace        INTEGER NOT NULL,
    api_key          INTEGER NOT NULL,
    sender           TEXT NOT NULL,
    recipient        INTEGER NOT NULL,
    class            TEXT NOT NULL,
    text             TEXT NOT NULL,
    encoding         TEXT NOT NULL,
    parts            INTEGER NOT NULL,
    accepted_at      INTEGER NOT NULL,
    send_at          INTEGER NOT NULL,
    expires_at       INTEGER NOT NULL,
    client_reference TEXT,
    test             INTEGER NOT NULL
) STRICT;
CREATE INDEX message_of_workspace ON message (workspace, id);

-- What is owed: one row for a message from its acceptance, one for each part from its first
-- hand-over, all gone (into outcome) when the whole message is final.
CREATE TABLE work (
    id                 INTEGER PRIMARY KEY,
    state              INTEGER NOT NULL,
    state_at           INTEGER NOT NULL,
    due_at             INTEGER NOT NULL, -- not before
    workspace          INTEGER NOT NULL,
    class              TEXT NOT NULL,
    parts              INTEGER NOT NULL,
    recipient          INTEGER NOT NULL,
    expires_at         INTEGER NOT NULL,
    attempts           INTEGER NOT NULL DEFAULT 0,
    possible_duplicate INTEGER NOT NULL DEFAULT 0,
    left_unknown       INTEGER NOT NULL DEFAULT 0,
    route              INTEGER,
    smsc_id            TEXT,
    handed_at          INTEGER,
    answered_at        INTEGER,
    receipt_at         INTEGER,
    word               TEXT,
    error              TEXT
) STRICT;
CREATE INDEX work_by_smsc_id ON work (route, smsc_id) WHERE smsc_id IS NOT NULL;
CREATE INDEX work_scheduled ON work (due_at) WHERE state = 0;
CREATE INDEX work_unanswered ON work (recipient) WHERE state IN (2, 3) AND smsc_id IS NULL;
CREATE INDEX work_unknown ON work (left_unknown, state_at) WHERE state = 3;
CREATE INDEX work_submitted ON work (state_at) WHERE state = 4;

-- How it ended: the columns of work that tell the story, part by part, written once at the end (a
-- late receipt may still change them).
CREATE TABLE outcome (
    id                 INTEGER PRIMARY KEY,
    state              INTEGER NOT NULL,
    state_at           INTEGER NOT NULL,
    attempts           INTEGER NOT NULL,
    possible_duplicate INTEGER NOT NULL,
    route              INTEGER,
    smsc_id            TEXT,
    handed_at          INTEGER,
    answered_at        INTEGER,
    receipt_at         INTEGER,
    word               TEXT,
    error              TEXT
) STRICT;

-- Parts that ended otherwise than delivered and that a late receipt may still speak of.
CREATE TABLE late (
    id         INTEGER PRIMARY KEY,
    route      INTEGER NOT NULL,
    smsc_id    TEXT NOT NULL,
    recipient  INTEGER NOT NULL,
    until      INTEGER NOT NULL
) STRICT;
CREATE INDEX late_by_smsc_id ON late (route, smsc_id);
CREATE INDEX late_until ON late (until);

-- Steps that the columns of work and outcome do not tell: what came twice, late or otherwise than
-- usual, and what a later attempt wrote over.
CREATE TABLE step (
    id      INTEGER PRIMARY KEY,
    message INTEGER NOT NULL,
    at      INTEGER NOT NULL,
    part    INTEGER, -- counted from 1
    what    TEXT NOT NULL,
    state   INTEGER,
    route   INTEGER,
    detail  TEXT
) STRICT;
CREATE INDEX step_of_message ON step (message);

-- Receipts that no message is known for, and every form of the id by which one may claim them.
CREATE TABLE orphan (
    id        INTEGER PRIMARY KEY,
    at        INTEGER NOT NULL,
    route     INTEGER NOT NULL,
    smsc_id   TEXT NOT NULL,
    recipient INTEGER,
    event     TEXT,
    word      TEXT NOT NULL,
    error     TEXT,
    raw       BLOB NOT NULL
) STRICT;
CREATE INDEX orphan_at ON orphan (at);
CREATE TABLE orphan_form (
    route   INTEGER NOT NULL,
    smsc_id TEXT NOT NULL,
    orphan  INTEGER NOT NULL REFERENCES orphan (id) ON DELETE CASCADE,
    PRIMARY KEY (route, smsc_id, orphan)
) STRICT, WITHOUT ROWID;
CREATE INDEX orphan_form_of ON orphan_form (orphan);

CREATE TABLE idempotency (
    id          INTEGER PRIMARY KEY,
    api_key     INTEGER NOT NULL,
    key         TEXT NOT NULL,
    route       TEXT NOT NULL,
    fingerprint BLOB NOT NULL,
    expires_at  INTEGER NOT NULL,
    status      INTEGER NOT NULL,
    body        BLOB NOT NULL,
    UNIQUE (api_key, key)
) STRICT;
CREATE INDEX idempotency_until ON idempotency (expires_at);

CREATE TABLE usage (
    day     INTEGER NOT NULL, -- days since the Unix epoch, UTC
    api_key INTEGER NOT NULL,
    count   INTEGER NOT NULL,
    PRIMARY KEY (day, api_key)
) STRICT, WITHOUT ROWID;
