-- Who was written to, for look-ups by number. Kept beside the messages and behind them: a run has the
-- messages between two ids, sorted by recipient, and is appended as a whole, so that acceptance pays
-- nothing for it. What no run has yet is read from the messages themselves. Run 0 has the messages that
-- were kept after a run that covers their id.
CREATE TABLE recipient_run (
    id            INTEGER PRIMARY KEY, -- from 1, in order
    first_message INTEGER NOT NULL,    -- after this id
    last_message  INTEGER NOT NULL     -- up to this one
) STRICT;
CREATE TABLE recipient_entry (
    run       INTEGER NOT NULL,
    workspace INTEGER NOT NULL,
    recipient INTEGER NOT NULL,
    message   INTEGER NOT NULL,
    PRIMARY KEY (run, workspace, recipient, message)
) STRICT, WITHOUT ROWID;

-- How far forgetting has come: everything up to this id.
CREATE TABLE forgotten (
    what    TEXT PRIMARY KEY, -- content:<class>, messages, proofs
    message INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
