-- What a run was asked to mount and which of its tasks it is about, as JSON; mostly neither.
ALTER TABLE runs ADD COLUMN mounts TEXT;
ALTER TABLE runs ADD COLUMN partial TEXT;
