-- What a run has to do with others that it calls or was called by, as JSON; mostly nothing.
ALTER TABLE runs ADD COLUMN calls TEXT;
