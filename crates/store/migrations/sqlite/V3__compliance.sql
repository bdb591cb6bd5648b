-- The key of the hashes under which numbers outlive their erasure. It never leaves the database.
ALTER TABLE meta ADD COLUMN secret BLOB;
UPDATE meta SET secret = randomblob(32);

-- The consent ledger, in two halves: the chain, which is never changed, and what it says of a person,
-- which can be erased. The chain holds a salted hash of the other half, so that it stays whole.
CREATE TABLE consent (
    id          INTEGER PRIMARY KEY,
    workspace   INTEGER NOT NULL,
    sequence    INTEGER NOT NULL, -- from 1, without a gap
    event       TEXT NOT NULL,    -- given, withdrawn
    withdraws   INTEGER,          -- the entry that a withdrawal ends
    recorded_at INTEGER NOT NULL,
    recorded_by TEXT NOT NULL,
    personal    BLOB NOT NULL,    -- SHA-256 of the other half
    previous    BLOB NOT NULL,
    hash        BLOB NOT NULL,
    UNIQUE (workspace, sequence)
) STRICT;
CREATE TABLE consent_person (
    entry        INTEGER PRIMARY KEY REFERENCES consent (id),
    workspace    INTEGER NOT NULL,
    number       INTEGER NOT NULL,
    basis        TEXT NOT NULL,
    advertiser   TEXT NOT NULL,
    purpose      TEXT NOT NULL,
    collected_at INTEGER NOT NULL,
    source       TEXT NOT NULL,
    text_shown   TEXT NOT NULL,
    evidence     TEXT,
    professional INTEGER NOT NULL,
    reason       TEXT,            -- of a withdrawal
    salt         BLOB NOT NULL
) STRICT;
CREATE INDEX consent_of_number ON consent_person (workspace, number);
-- The last entry of each ledger, so that an end that was cut off is missed.
CREATE TABLE consent_head (
    workspace INTEGER PRIMARY KEY,
    sequence  INTEGER NOT NULL,
    hash      BLOB NOT NULL
) STRICT;
-- Entries whose personal half was erased on request.
CREATE TABLE consent_erased (
    entry INTEGER PRIMARY KEY REFERENCES consent (id),
    at    INTEGER NOT NULL,
    by    TEXT NOT NULL
) STRICT;

CREATE TRIGGER consent_is_kept BEFORE UPDATE ON consent
BEGIN SELECT RAISE(ABORT, 'the consent ledger is append-only'); END;
CREATE TRIGGER consent_stays BEFORE DELETE ON consent
BEGIN SELECT RAISE(ABORT, 'the consent ledger is append-only'); END;
CREATE TRIGGER consent_person_is_kept BEFORE UPDATE ON consent_person
BEGIN SELECT RAISE(ABORT, 'the consent ledger is append-only'); END;
CREATE TRIGGER consent_person_stays BEFORE DELETE ON consent_person
WHEN NOT EXISTS (SELECT 1 FROM consent_erased e WHERE e.entry = OLD.entry)
BEGIN SELECT RAISE(ABORT, 'the consent ledger is append-only'); END;
CREATE TRIGGER consent_erased_is_kept BEFORE UPDATE ON consent_erased
BEGIN SELECT RAISE(ABORT, 'the consent ledger is append-only'); END;
CREATE TRIGGER consent_erased_stays BEFORE DELETE ON consent_erased
BEGIN SELECT RAISE(ABORT, 'the consent ledger is append-only'); END;

-- STOPs. They are found by the keyed hash, which stays when the number is erased.
CREATE TABLE opt_out (
    id             INTEGER PRIMARY KEY,
    workspace      INTEGER NOT NULL,
    number         INTEGER,       -- gone once the person was erased
    number_hash    BLOB NOT NULL, -- HMAC-SHA-256 of the digits, with the key in meta
    scope          TEXT NOT NULL,
    advertiser     TEXT,          -- with scope advertiser
    folded         TEXT,          -- the advertiser as it is compared
    own            INTEGER NOT NULL, -- it was the workspace's own: the STOP follows when that is renamed
    source         TEXT NOT NULL,
    reason         TEXT,
    state          TEXT NOT NULL,
    created_at     INTEGER NOT NULL,
    created_by     TEXT NOT NULL,
    said_at        INTEGER NOT NULL, -- the last time it was said
    lifted_at      INTEGER,
    lifted_by      TEXT,
    lifted_reason  TEXT,
    lifted_consent INTEGER
) STRICT;
CREATE INDEX opt_out_holds ON opt_out (number_hash) WHERE lifted_at IS NULL;
CREATE INDEX opt_out_of_workspace ON opt_out (workspace, id);

-- Marketing that waits, by recipient: a STOP withdraws it. Other classes pay nothing for it.
CREATE INDEX work_waiting_marketing ON work (recipient) WHERE class = 'marketing' AND state IN (0, 1);

-- What was judged of a message: id is the message's at its acceptance, one more at its departure.
CREATE TABLE verdict (
    id   INTEGER PRIMARY KEY,
    json TEXT NOT NULL
) STRICT;
-- The ledger's entry that a message relied on.
CREATE TABLE reliance (
    message INTEGER PRIMARY KEY,
    consent INTEGER NOT NULL
) STRICT;

CREATE TABLE settings (
    workspace        INTEGER PRIMARY KEY REFERENCES workspace (id),
    profile          TEXT NOT NULL,
    on_closed_window TEXT NOT NULL,
    stop_code        INTEGER,
    advertiser       TEXT NOT NULL,
    rewrite          TEXT NOT NULL,
    price_per_part   INTEGER, -- millionths of a euro
    parts_max        INTEGER NOT NULL,
    postcode         TEXT
) STRICT;

-- The dossier of a sender: what was declared with it, and what the desk adds.
ALTER TABLE sender ADD COLUMN company TEXT;
ALTER TABLE sender ADD COLUMN legal_name TEXT;
ALTER TABLE sender ADD COLUMN siren TEXT;
ALTER TABLE sender ADD COLUMN website TEXT;
ALTER TABLE sender ADD COLUMN use_case TEXT;
ALTER TABLE sender ADD COLUMN example_content TEXT;
ALTER TABLE sender ADD COLUMN advertiser TEXT; -- none: the workspace's own
ALTER TABLE sender ADD COLUMN shared_code INTEGER NOT NULL DEFAULT 0;
ALTER TABLE sender ADD COLUMN proof TEXT NOT NULL DEFAULT 'none';
ALTER TABLE sender ADD COLUMN due_at INTEGER;
ALTER TABLE sender ADD COLUMN expected_at INTEGER;
ALTER TABLE sender ADD COLUMN missing TEXT; -- the document a reviewer waits for, since when, by whom
ALTER TABLE sender ADD COLUMN missing_at INTEGER;
ALTER TABLE sender ADD COLUMN missing_by TEXT;

CREATE TABLE evidence (
    id           INTEGER PRIMARY KEY,
    sender       INTEGER NOT NULL REFERENCES sender (id),
    name         TEXT NOT NULL,
    content_type TEXT NOT NULL,
    size         INTEGER NOT NULL,
    sha256       BLOB NOT NULL,
    uploaded_at  INTEGER NOT NULL,
    uploaded_by  TEXT NOT NULL,
    bytes        BLOB NOT NULL
) STRICT;
CREATE INDEX evidence_of_sender ON evidence (sender);
