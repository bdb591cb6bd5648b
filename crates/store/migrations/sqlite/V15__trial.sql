-- What is written for a trial once the disk has refused, to see whether it takes as much again. One row; its
-- pages are the database's own and are written over at the next trial.
CREATE TABLE trial (
    id     INTEGER PRIMARY KEY CHECK (id = 1),
    filler BLOB NOT NULL
);
