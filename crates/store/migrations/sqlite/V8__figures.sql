-- Figures for people who look: kept in the transaction of what they count, so that no page counts
-- messages. A message counts in the hour in which it was accepted, whenever its end comes: the share
-- delivered of an hour is that of the messages of the hour. Hours are since the Unix epoch, UTC.
CREATE TABLE tally (
    workspace   INTEGER NOT NULL,
    hour        INTEGER NOT NULL,
    sender      TEXT    NOT NULL,
    class       TEXT    NOT NULL,
    route       INTEGER NOT NULL, -- by which it left; 0 while it has not
    accepted    INTEGER NOT NULL DEFAULT 0,
    parts       INTEGER NOT NULL DEFAULT 0,
    cost        INTEGER NOT NULL DEFAULT 0, -- millionths of a euro, at the price of the time
    submitted   INTEGER NOT NULL DEFAULT 0,
    delivered   INTEGER NOT NULL DEFAULT 0,
    undelivered INTEGER NOT NULL DEFAULT 0,
    expired     INTEGER NOT NULL DEFAULT 0,
    rejected    INTEGER NOT NULL DEFAULT 0,
    blocked     INTEGER NOT NULL DEFAULT 0,
    cancelled   INTEGER NOT NULL DEFAULT 0,
    unknown     INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (workspace, hour, sender, class, route)
) STRICT, WITHOUT ROWID;

-- What rules did to messages, in the hour in which they did it. Effects: refused, held, blocked.
CREATE TABLE tally_rule (
    workspace INTEGER NOT NULL,
    hour      INTEGER NOT NULL,
    effect    TEXT    NOT NULL,
    rule      TEXT    NOT NULL,
    count     INTEGER NOT NULL,
    PRIMARY KEY (workspace, hour, effect, rule)
) STRICT, WITHOUT ROWID;

-- New STOPs, by where they came from.
CREATE TABLE tally_stop (
    workspace INTEGER NOT NULL,
    hour      INTEGER NOT NULL,
    source    TEXT    NOT NULL,
    count     INTEGER NOT NULL,
    PRIMARY KEY (workspace, hour, source)
) STRICT, WITHOUT ROWID;

-- Delivered messages by the time from their hand-over to their receipt: in less than 2^step seconds,
-- and not in less than half of that.
CREATE TABLE tally_delay (
    workspace INTEGER NOT NULL,
    hour      INTEGER NOT NULL,
    route     INTEGER NOT NULL,
    step      INTEGER NOT NULL,
    count     INTEGER NOT NULL,
    PRIMARY KEY (workspace, hour, route, step)
) STRICT, WITHOUT ROWID;

-- Who a message is from, beside the work that it is: its end is counted without reading it.
ALTER TABLE work ADD COLUMN sender TEXT NOT NULL DEFAULT '';
UPDATE work SET sender = coalesce((SELECT m.sender FROM message m WHERE m.id = work.id & ~15), '');

-- What ended otherwise than delivered is looked for, and is little: ids of one state rise, so each grows
-- at its end.
CREATE INDEX outcome_not_delivered ON outcome (state, id) WHERE state <> 10;

-- What waits of a workspace, by when it leaves. Messages that leave at once pay nothing for it.
CREATE INDEX work_scheduled_of_workspace ON work (workspace, due_at) WHERE state = 0;

-- Messages that were there before. What they cost is not known.
INSERT INTO tally (workspace, hour, sender, class, route, accepted, parts)
SELECT workspace, (id >> 21) / 3600000, sender, class, 0, count(*), sum(parts) FROM message GROUP BY 1, 2, 3, 4;
INSERT INTO tally (workspace, hour, sender, class, route, submitted, delivered, undelivered, expired, rejected,
                   blocked, cancelled, unknown)
SELECT m.workspace, (m.id >> 21) / 3600000, m.sender, m.class, coalesce(s.route, 0),
       sum(s.taken), sum(s.state = 10), sum(s.state = 8), sum(s.state = 9), sum(s.state = 7), sum(s.state = 5),
       sum(s.state = 6), sum(s.state = 3)
FROM (SELECT id & ~15 AS message, min(state) AS state, max(route) AS route, max(smsc_id IS NOT NULL) AS taken
      FROM (SELECT id, state, route, smsc_id FROM outcome UNION ALL SELECT id, state, route, smsc_id FROM work)
      GROUP BY 1) s
JOIN message m ON m.id = s.message
WHERE true
GROUP BY 1, 2, 3, 4, 5
ON CONFLICT DO UPDATE SET submitted = excluded.submitted, delivered = excluded.delivered,
    undelivered = excluded.undelivered, expired = excluded.expired, rejected = excluded.rejected,
    blocked = excluded.blocked, cancelled = excluded.cancelled, unknown = excluded.unknown;
