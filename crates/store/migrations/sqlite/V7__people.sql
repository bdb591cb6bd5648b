-- People who sign in to the console. An e-mail address is kept as it is compared: trimmed, lower case.
CREATE TABLE user (
    id          INTEGER PRIMARY KEY,
    email       TEXT NOT NULL UNIQUE,
    name        TEXT NOT NULL,
    password    TEXT,    -- argon2id, as a PHC string; none until one was chosen
    totp        BLOB,    -- the shared secret of the second factor: it checks, so it cannot be a hash
    totp_step   INTEGER, -- the last step whose code was used: a code counts once
    language    TEXT,    -- none: the browser's
    zone        TEXT,    -- IANA name; none: Europe/Paris
    platform    TEXT,    -- what the person is on the platform as a whole: reviewer, operator
    created_at  INTEGER NOT NULL,
    disabled_at INTEGER
) STRICT;

CREATE TABLE membership (
    user      INTEGER NOT NULL REFERENCES user (id),
    workspace INTEGER NOT NULL REFERENCES workspace (id),
    role      TEXT NOT NULL,
    PRIMARY KEY (user, workspace)
) STRICT, WITHOUT ROWID;
CREATE INDEX membership_of_workspace ON membership (workspace);

CREATE TABLE session (
    id         INTEGER PRIMARY KEY,
    user       INTEGER NOT NULL REFERENCES user (id),
    hash       BLOB NOT NULL UNIQUE, -- SHA-256 of the token; the token itself is never kept
    verified   INTEGER NOT NULL,     -- 0 while the second factor is awaited
    created_at INTEGER NOT NULL,
    seen_at    INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,     -- whatever is done with it
    address    TEXT NOT NULL,
    agent      TEXT NOT NULL
) STRICT;
CREATE INDEX session_of_user ON session (user);

-- Links that let somebody in once: the first start, an invitation, a forgotten password.
CREATE TABLE entry_link (
    hash       BLOB PRIMARY KEY, -- SHA-256 of the token
    user       INTEGER NOT NULL REFERENCES user (id),
    purpose    TEXT NOT NULL,    -- sign_in, setup, invitation, password
    created_at INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    expires_at INTEGER NOT NULL,
    used_at    INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX entry_link_of_user ON entry_link (user);

-- Codes that replace the second factor once each.
CREATE TABLE recovery_code (
    user    INTEGER NOT NULL REFERENCES user (id),
    hash    BLOB NOT NULL,
    used_at INTEGER,
    PRIMARY KEY (user, hash)
) STRICT, WITHOUT ROWID;

-- Where a change came from, and what it changed.
ALTER TABLE audit ADD COLUMN origin TEXT;
ALTER TABLE audit ADD COLUMN before TEXT;
ALTER TABLE audit ADD COLUMN after TEXT;
