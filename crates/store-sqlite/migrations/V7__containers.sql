-- The engine's id of the container that an attempt was permitted to start.
ALTER TABLE attempts ADD COLUMN container TEXT;
