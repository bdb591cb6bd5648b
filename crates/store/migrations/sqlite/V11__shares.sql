-- A workspace's share of the way to operators beside others, and how fast it may go: parts a second in
-- all and for each of its senders, 0 for no limit.
ALTER TABLE settings ADD COLUMN weight INTEGER NOT NULL DEFAULT 1;
ALTER TABLE settings ADD COLUMN per_second INTEGER NOT NULL DEFAULT 0;
ALTER TABLE settings ADD COLUMN sender_per_second INTEGER NOT NULL DEFAULT 0;
