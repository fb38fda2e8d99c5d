-- Ids are 16 bytes, states and reasons are the codes of the rule book, JSON is text. `…_at` is in
-- microseconds since 1970, `…_after` in microseconds since its run was accepted, which is half as
-- long. A text that many rows share is in `texts` once.

CREATE TABLE store (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    id   BLOB NOT NULL CHECK (length(id) = 16)
) STRICT;

CREATE TABLE instances (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id  BLOB NOT NULL UNIQUE CHECK (length(id) = 16)
) STRICT;

CREATE TABLE texts (
    seq  INTEGER PRIMARY KEY,
    text TEXT NOT NULL UNIQUE
) STRICT;

-- `runs` is the number of the last run.
CREATE TABLE pipelines (
    seq       INTEGER PRIMARY KEY,
    namespace TEXT NOT NULL,
    name      TEXT NOT NULL,
    runs      INTEGER NOT NULL DEFAULT 0,
    UNIQUE (namespace, name)
) STRICT;

CREATE TABLE versions (
    pipeline   INTEGER NOT NULL REFERENCES pipelines,
    number     INTEGER NOT NULL CHECK (number > 0),
    created_at INTEGER NOT NULL,
    canonical  TEXT NOT NULL,
    PRIMARY KEY (pipeline, number)
) STRICT;

-- `seq` is the order of acceptance. `tasks` is the list of their names, as JSON, in `texts`.
CREATE TABLE runs (
    seq             INTEGER PRIMARY KEY,
    id              BLOB NOT NULL CHECK (length(id) = 16),
    pipeline        INTEGER NOT NULL,
    number          INTEGER NOT NULL CHECK (number > 0),
    version         INTEGER NOT NULL,
    tasks           INTEGER NOT NULL,
    trigger         INTEGER NOT NULL,
    scheduled_at    TEXT NOT NULL,
    params          TEXT,
    state           INTEGER NOT NULL CHECK (state IN (0, 1, 2, 10, 11, 12, 13)),
    reason          INTEGER CHECK (reason BETWEEN 1 AND 255),
    message         TEXT,
    stop            INTEGER CHECK (stop IN (0, 1, 2)),
    in_finally      INTEGER NOT NULL CHECK (in_finally IN (0, 1)),
    finally_stopped INTEGER NOT NULL CHECK (finally_stopped IN (0, 1)),
    next_ready      INTEGER NOT NULL CHECK (next_ready >= 0),
    created_at      INTEGER NOT NULL,
    started_after   INTEGER,
    ended_after     INTEGER,
    owner           INTEGER,
    epoch           INTEGER NOT NULL CHECK (epoch > 0)
) STRICT;

CREATE UNIQUE INDEX runs_id ON runs (id);
CREATE UNIQUE INDEX runs_number ON runs (pipeline, number);
CREATE INDEX runs_open ON runs (pipeline, number) WHERE state < 10;
CREATE INDEX runs_claimed ON runs (owner) WHERE owner IS NOT NULL;

-- `task` is the place in the run's list; `item` is -1 for the task itself.
CREATE TABLE units (
    run         INTEGER NOT NULL,
    task        INTEGER NOT NULL CHECK (task >= 0),
    item        INTEGER NOT NULL CHECK (item >= -1),
    state       INTEGER NOT NULL CHECK (state IN (0, 1, 2, 3, 4, 10, 11, 12, 13, 14, 15)),
    reason      INTEGER CHECK (reason BETWEEN 1 AND 255),
    message     TEXT,
    value       TEXT,
    outputs     TEXT,
    ready       INTEGER CHECK (ready >= 0),
    due_after   INTEGER,
    ended_after INTEGER,
    expanded    INTEGER NOT NULL CHECK (expanded IN (0, 1)),
    earlier     INTEGER NOT NULL CHECK (earlier >= 0),
    PRIMARY KEY (run, task, item)
) STRICT, WITHOUT ROWID;

-- `image` and `node` are in `texts`.
CREATE TABLE attempts (
    run           INTEGER NOT NULL,
    task          INTEGER NOT NULL CHECK (task >= 0),
    item          INTEGER NOT NULL CHECK (item >= -1),
    number        INTEGER NOT NULL CHECK (number > 0),
    state         INTEGER NOT NULL CHECK (state IN (0, 1, 2, 3, 4, 10, 11, 12, 13, 14, 15)),
    stage         INTEGER NOT NULL CHECK (stage IN (0, 1, 2, 3, 4)),
    reason        INTEGER CHECK (reason BETWEEN 1 AND 255),
    message       TEXT,
    exit_code     INTEGER,
    created_after INTEGER NOT NULL,
    started_after INTEGER,
    ended_after   INTEGER,
    image         INTEGER,
    node          INTEGER,
    stop          INTEGER CHECK (stop IN (0, 1)),
    PRIMARY KEY (run, task, item, number)
) STRICT, WITHOUT ROWID;

-- One row a commit, never changed: the lines up to and with number `line`, packed.
CREATE TABLE history (
    run   INTEGER NOT NULL,
    line  INTEGER NOT NULL CHECK (line > 0),
    lines BLOB NOT NULL,
    PRIMARY KEY (run, line)
) STRICT, WITHOUT ROWID;

CREATE TABLE requests (
    number  INTEGER PRIMARY KEY AUTOINCREMENT,
    run     INTEGER NOT NULL,
    at      INTEGER NOT NULL,
    request TEXT NOT NULL
) STRICT;

CREATE TABLE sealed (
    run   INTEGER NOT NULL,
    name  TEXT NOT NULL,
    value BLOB NOT NULL,
    PRIMARY KEY (run, name)
) STRICT, WITHOUT ROWID;
