-- Endpoints of Allo's v1 are told of one sender, by v1's topics, unsigned.
ALTER TABLE webhook_endpoint ADD COLUMN v1_sender TEXT;
ALTER TABLE webhook_endpoint ADD COLUMN v1_topics TEXT; -- names separated by blanks

-- Whom a workspace knows by name.
CREATE TABLE contact (
    id         INTEGER PRIMARY KEY,
    workspace  INTEGER NOT NULL REFERENCES workspace (id),
    name       TEXT,
    last_name  TEXT,
    company    TEXT,
    job_title  TEXT,
    website    TEXT,
    emails     TEXT NOT NULL, -- one a line
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;
CREATE INDEX contact_of_workspace ON contact (workspace, id);

CREATE TABLE contact_number (
    workspace INTEGER NOT NULL,
    number    INTEGER NOT NULL,
    contact   INTEGER NOT NULL REFERENCES contact (id) ON DELETE CASCADE,
    place     INTEGER NOT NULL, -- in the contact's list
    PRIMARY KEY (workspace, number, contact)
) STRICT, WITHOUT ROWID;
CREATE INDEX contact_number_of_contact ON contact_number (contact, place);

-- Doubtful STOPs that somebody is to read.
CREATE INDEX opt_out_in_review ON opt_out (workspace, id) WHERE state = 'review';
