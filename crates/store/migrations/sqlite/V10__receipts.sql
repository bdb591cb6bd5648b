-- Parts delivered lately, those of one batch in a row, the last rows only: 24 octets a part (a hash of
-- the route and the operator's id, the part, its recipient; little-endian). After a crash operators offer
-- again the receipts that they had no answer for, and no other message to the same phone may take them
-- for its own.
CREATE TABLE delivered_lately (
    id    INTEGER PRIMARY KEY,
    parts BLOB NOT NULL
) STRICT;

-- Parts that were sent again because an answer was lost. The receipt of the attempt before may still
-- come, under an id that nobody knows: while it may, no other part to the same phone is settled by a
-- receipt that names the phone alone.
CREATE TABLE doubled (
    id        INTEGER NOT NULL,
    recipient INTEGER NOT NULL,
    route     INTEGER NOT NULL,
    until     INTEGER NOT NULL,
    PRIMARY KEY (recipient, route, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX doubled_until ON doubled (until);
