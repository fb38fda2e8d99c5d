-- The container of a failed attempt is kept for a look: its stage reads as what `kept` says.
ALTER TABLE attempts ADD COLUMN kept INTEGER CHECK (kept = 5);
CREATE INDEX attempts_kept ON attempts (run) WHERE kept IS NOT NULL;
