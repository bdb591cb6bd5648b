-- STOPs that somebody is to read, and those that were read and lifted, each newest first.
CREATE INDEX opt_out_to_read ON opt_out (workspace, lifted_at, id) WHERE state = 'review';
-- What a number said, lifted STOPs too.
CREATE INDEX opt_out_of_number ON opt_out (number_hash, workspace, id);
