-- What an invitation gives to whoever uses it: a role in a workspace. None: the link only opens the account.
ALTER TABLE entry_link ADD COLUMN workspace INTEGER REFERENCES workspace (id);
ALTER TABLE entry_link ADD COLUMN role TEXT;
CREATE INDEX entry_link_of_workspace ON entry_link (workspace) WHERE workspace IS NOT NULL AND used_at IS NULL;

-- Links made so far for somebody who belongs to several workspaces let whoever holds one into all of them.
DELETE FROM entry_link WHERE used_at IS NULL AND purpose <> 'setup'
    AND (SELECT count(*) FROM membership WHERE membership.user = entry_link.user) > 1;
