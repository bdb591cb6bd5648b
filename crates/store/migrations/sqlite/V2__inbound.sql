-- What phones sent, octet for octet as it came; its text is read when it is shown or acted on.
CREATE TABLE inbound (
    id          INTEGER PRIMARY KEY,
    at          INTEGER NOT NULL,
    route       INTEGER NOT NULL,
    phone       INTEGER, -- when the source address is a number
    source      BLOB NOT NULL,
    destination BLOB NOT NULL,
    esm_class   INTEGER NOT NULL,
    data_coding INTEGER NOT NULL,
    content     BLOB NOT NULL,
    tlvs        BLOB NOT NULL
) STRICT;
CREATE INDEX inbound_of_phone ON inbound (phone, at);

-- A receipt whose message's answer was lost is looked for by the phone it speaks of.
CREATE INDEX orphan_of_recipient ON orphan (recipient, at);
