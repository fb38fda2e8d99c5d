//! Every statement there is, by name. A test prepares them all against the migrated schema.

macro_rules! statements {
    ($($(#[$doc:meta])* $name:ident = $($sql:expr),+;)*) => {
        $($(#[$doc])* pub(crate) const $name: &str = concat!($($sql),+);)*

        /// All of them, with their names.
        #[cfg(test)]
        pub(crate) const ALL: &[(&str, &str)] = &[$((stringify!($name), $name)),*];
    };
}

/// A run's row, in the order in which [`crate::rows::run_row`] reads it.
macro_rules! run_from {
    ($hint:literal) => {
        concat!(
            "SELECT r.id, p.namespace, p.name, r.number, r.version, t.text, r.scheduled_at, \
             r.params, r.mounts, r.partial, r.calls, r.state, r.reason, r.message, r.stop, r.in_finally, r.finally_stopped, \
             r.next_ready, r.created_at, r.started_after, r.ended_after, i.id, r.epoch, r.seq, r.tasks \
             FROM runs r ",
            $hint,
            " JOIN pipelines p ON p.seq = r.pipeline JOIN texts t ON t.seq = r.trigger \
             LEFT JOIN instances i ON i.seq = r.owner "
        )
    };
}

/// A page over several pipelines: bound, states as bits, most, namespace, pipeline.
macro_rules! page_of_some {
    ($hint:literal, $only:literal) => {
        concat!(
            run_from!($hint),
            "WHERE r.seq < ?1 AND ((?2 >> r.state) & 1) ",
            $only,
            "AND (?4 IS NULL OR p.namespace = ?4) AND (?5 IS NULL OR p.name = ?5) \
             ORDER BY r.seq DESC LIMIT ?3"
        )
    };
}

/// A page within one pipeline: bound, states as bits, most, pipeline.
macro_rules! page_of_one {
    ($hint:literal, $only:literal) => {
        concat!(
            run_from!($hint),
            "WHERE r.pipeline = ?4 AND r.number < ?1 AND ((?2 >> r.state) & 1) ",
            $only,
            "ORDER BY r.number DESC LIMIT ?3"
        )
    };
}

statements! {
    BEGIN = "BEGIN IMMEDIATE";
    COMMIT = "COMMIT";
    ROLLBACK = "ROLLBACK";
    SAVEPOINT = "SAVEPOINT request";
    RELEASE = "RELEASE request";
    ROLLBACK_TO = "ROLLBACK TO request";
    SNAPSHOT = "BEGIN DEFERRED";

    /// Copies what nobody waits for.
    COPY_LOG = "PRAGMA wal_checkpoint(PASSIVE)";
    /// Copies all of it, waiting for readers, so that the next writer begins at its start.
    COPY_LOG_WHOLE = "PRAGMA wal_checkpoint(RESTART)";
    FREE_PAGES = "PRAGMA freelist_count";
    GIVE_BACK = "PRAGMA incremental_vacuum(1024)";

    WRITER_CACHE = "PRAGMA cache_size = -4096";
    READER_CACHE = "PRAGMA cache_size = -2048";
    /// So small that what is written goes to the log before the commit.
    SMALL_CACHE = "PRAGMA cache_size = 8";
    GROW = "INSERT INTO sealed (run, name, value) VALUES (0, '', zeroblob(4194304))";

    /// Writes a page and changes nothing.
    TOUCH = "UPDATE store SET id = id";

    STORE = "SELECT id FROM store";
    ADD_STORE = "INSERT INTO store (only, id) VALUES (1, ?1)";
    ADD_INSTANCE = "INSERT INTO instances (id) VALUES (?1)";
    /// An instance that owns nothing.
    IDLE_INSTANCE = "DELETE FROM instances WHERE id = ?1 AND NOT EXISTS \
        (SELECT 1 FROM runs r WHERE r.owner = instances.seq AND r.owner IS NOT NULL)";
    HAS_INSTANCE = "SELECT 1 FROM instances WHERE id = ?1";

    TEXT = "SELECT text FROM texts WHERE seq = ?1";
    TEXT_SEQ = "SELECT seq FROM texts WHERE text = ?1";
    ADD_TEXT = "INSERT INTO texts (text) VALUES (?1)";

    PIPELINE = "SELECT seq FROM pipelines WHERE namespace = ?1 AND name = ?2";
    ADD_PIPELINE = "INSERT INTO pipelines (namespace, name) VALUES (?1, ?2)";
    NEXT_NUMBER = "UPDATE pipelines SET runs = runs + 1 WHERE seq = ?1 RETURNING runs";

    NEWEST_VERSION = "SELECT number, created_at, canonical FROM versions WHERE pipeline = ?1 \
        ORDER BY number DESC LIMIT 1";
    VERSION = "SELECT v.number, v.created_at, v.canonical FROM versions v \
        JOIN pipelines p ON p.seq = v.pipeline \
        WHERE p.namespace = ?1 AND p.name = ?2 AND v.number = ?3";
    HAS_VERSION = "SELECT 1 FROM versions WHERE pipeline = ?1 AND number = ?2";
    ADD_VERSION = "INSERT INTO versions (pipeline, number, created_at, canonical) \
        VALUES (?1, ?2, ?3, ?4)";

    ADD_RUN = "INSERT INTO runs (id, pipeline, number, version, tasks, trigger, scheduled_at, \
        params, mounts, partial, calls, state, reason, message, stop, in_finally, finally_stopped, \
        next_ready, created_at, started_after, ended_after, owner, epoch) \
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, \
        ?19, ?20, ?21, ?22, 1)";
    SET_HEAD = "UPDATE runs SET state = ?2, reason = ?3, message = ?4, stop = ?5, \
        in_finally = ?6, finally_stopped = ?7, next_ready = ?8, started_after = ?9, ended_after = ?10 \
        WHERE seq = ?1";
    /// The run, if the claim holds.
    CLAIMED = "SELECT r.seq, r.state, r.tasks, r.created_at FROM runs r \
        JOIN instances i ON i.seq = r.owner WHERE r.id = ?1 AND i.id = ?2 AND r.epoch = ?3";
    CLAIM = "SELECT r.seq, i.id, r.epoch FROM runs r LEFT JOIN instances i ON i.seq = r.owner \
        WHERE r.id = ?1";
    ADOPT = "UPDATE runs SET owner = ?2, epoch = epoch + 1 WHERE seq = ?1";
    RELEASE_CLAIM = "UPDATE runs SET owner = NULL WHERE seq = ?1";
    STATE = "SELECT seq, state, owner FROM runs WHERE id = ?1";
    FIND = "SELECT seq, tasks, created_at FROM runs WHERE id = ?1";

    PUT_UNIT = "INSERT INTO units (run, task, item, state, reason, message, value, outputs, \
        ready, due_after, ended_after, expanded, earlier) \
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13) \
        ON CONFLICT (run, task, item) DO UPDATE SET state = excluded.state, \
        reason = excluded.reason, message = excluded.message, value = excluded.value, \
        outputs = excluded.outputs, ready = excluded.ready, due_after = excluded.due_after, \
        ended_after = excluded.ended_after, expanded = excluded.expanded, earlier = excluded.earlier";
    UNITS = "SELECT task, item, state, reason, message, value, outputs, ready, due_after, ended_after, \
        expanded, earlier FROM units WHERE run = ?1 ORDER BY task, item";
    HAS_UNIT = "SELECT 1 FROM units WHERE run = ?1 AND task = ?2 AND item = ?3";

    PUT_ATTEMPT = "INSERT INTO attempts (run, task, item, number, state, stage, kept, reason, message, \
        exit_code, created_after, started_after, ended_after, image, node, stop, \
        service_images, container) \
        VALUES (?1, ?2, ?3, ?4, ?5, CASE ?6 WHEN 5 THEN 3 ELSE ?6 END, \
        CASE ?6 WHEN 5 THEN 5 END, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17) \
        ON CONFLICT (run, task, item, number) DO UPDATE SET state = excluded.state, \
        stage = excluded.stage, kept = excluded.kept, reason = excluded.reason, message = excluded.message, \
        exit_code = excluded.exit_code, created_after = excluded.created_after, \
        started_after = excluded.started_after, ended_after = excluded.ended_after, image = excluded.image, \
        node = excluded.node, stop = excluded.stop, service_images = excluded.service_images, \
        container = excluded.container";
    ALL_ATTEMPTS = "SELECT a.task, a.item, a.number, a.state, coalesce(a.kept, a.stage), a.reason, a.message, \
        a.exit_code, a.created_after, a.started_after, a.ended_after, image.text, node.text, a.stop, \
        f.files, f.bytes, a.service_images, a.container \
        FROM attempts a LEFT JOIN texts image ON image.seq = a.image \
        LEFT JOIN texts node ON node.seq = a.node \
        LEFT JOIN artifacts f ON f.run = a.run AND f.task = a.task AND f.item = a.item \
        AND f.number = a.number WHERE a.run = ?1 \
        ORDER BY a.task, a.item, a.number";
    ATTEMPTS = "SELECT a.task, a.item, a.number, a.state, coalesce(a.kept, a.stage), a.reason, a.message, \
        a.exit_code, a.created_after, a.started_after, a.ended_after, image.text, node.text, a.stop, \
        f.files, f.bytes, a.service_images, a.container \
        FROM attempts a LEFT JOIN texts image ON image.seq = a.image \
        LEFT JOIN texts node ON node.seq = a.node \
        LEFT JOIN artifacts f ON f.run = a.run AND f.task = a.task AND f.item = a.item \
        AND f.number = a.number \
        WHERE a.run = ?1 AND a.task = ?2 AND a.item = ?3 ORDER BY a.number";
    PUT_ARTIFACTS = "INSERT INTO artifacts (run, task, item, number, files, bytes) \
        VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (run, task, item, number) DO UPDATE \
        SET files = excluded.files, bytes = excluded.bytes";
    TAKE_ARTIFACTS = "DELETE FROM artifacts \
        WHERE run = ?1 AND task = ?2 AND item = ?3 AND number = ?4";
    KEPT = "SELECT r.id, p.namespace, p.name, r.number, r.tasks, a.task, a.item, a.number, \
        r.created_at, coalesce(a.ended_after, a.created_after), r.owner IS NOT NULL \
        FROM attempts a INDEXED BY attempts_kept JOIN runs r ON r.seq = a.run \
        JOIN pipelines p ON p.seq = r.pipeline WHERE a.kept IS NOT NULL";
    LET_GO = "UPDATE attempts SET stage = 4, kept = NULL WHERE run = ?1 AND task = ?2 \
        AND item = ?3 AND number = ?4 AND kept IS NOT NULL";
    HAS_ATTEMPT = "SELECT 1 FROM attempts WHERE run = ?1 AND task = ?2 AND item = ?3 AND number = ?4";

    LAST_LINE = "SELECT line FROM history WHERE run = ?1 ORDER BY line DESC LIMIT 1";
    ADD_LINES = "INSERT INTO history (run, line, lines) VALUES (?1, ?2, ?3)";
    LINES = "SELECT line, lines FROM history WHERE run = ?1 AND line > ?2 ORDER BY line";

    ADD_REQUEST = "INSERT INTO requests (run, at, request) VALUES (?1, ?2, ?3)";
    REQUESTS = "SELECT q.number, r.id, q.request FROM requests q JOIN runs r ON r.seq = q.run \
        JOIN instances i ON i.seq = r.owner WHERE i.id = ?1 ORDER BY q.number";
    DROP_REQUEST = "DELETE FROM requests WHERE number = ?2 AND run = ?1";

    OBJECTS = "SELECT o.key, o.value, o.at FROM objects o \
        JOIN pipelines p ON p.seq = o.pipeline WHERE p.namespace = ?1 AND p.name = ?2 ORDER BY o.key";
    PUT_OBJECT = "INSERT INTO objects (pipeline, key, value, at) VALUES (?1, ?2, ?3, ?4) \
        ON CONFLICT (pipeline, key) DO UPDATE SET value = excluded.value, at = excluded.at";
    DROP_OBJECT = "DELETE FROM objects WHERE key = ?3 AND pipeline = \
        (SELECT seq FROM pipelines WHERE namespace = ?1 AND name = ?2)";
    PIPELINE_OF = "SELECT pipeline FROM runs WHERE seq = ?1";

    PUT_SEALED = "INSERT INTO sealed (run, name, value) VALUES (?1, ?2, ?3) \
        ON CONFLICT (run, name) DO UPDATE SET value = excluded.value";
    SEALED = "SELECT name, value FROM sealed WHERE run = ?1 ORDER BY name";

    DROP_SEALED = "DELETE FROM sealed WHERE run = ?1";
    DROP_REQUESTS = "DELETE FROM requests WHERE run = ?1";
    DROP_HISTORY = "DELETE FROM history WHERE run = ?1";
    DROP_ARTIFACTS = "DELETE FROM artifacts WHERE run = ?1";
    DROP_ATTEMPTS = "DELETE FROM attempts WHERE run = ?1";
    DROP_UNITS = "DELETE FROM units WHERE run = ?1";
    DROP_RUN = "DELETE FROM runs WHERE seq = ?1";

    RUN = run_from!(""), "WHERE r.id = ?1";
    RUN_BY_NUMBER = run_from!(""),
        "WHERE p.namespace = ?1 AND p.name = ?2 AND r.number = ?3";

    /// Where a page over several pipelines goes on, also if its cursor was deleted.
    PLACE = "SELECT seq FROM runs WHERE id = ?1";
    PLACE_BEFORE = "SELECT seq + 1 FROM runs WHERE id < ?1 ORDER BY id DESC LIMIT 1";
    /// Where a page within one pipeline goes on.
    NUMBER = "SELECT number FROM runs WHERE id = ?1 AND pipeline = ?2";
    NUMBER_BEFORE = "SELECT number + 1 FROM runs WHERE id < ?1 AND pipeline = ?2 \
        ORDER BY number DESC LIMIT 1";

    PAGE_OF_SOME = page_of_some!("NOT INDEXED", "");
    PAGE_OF_SOME_OPEN = page_of_some!("INDEXED BY runs_open", "AND r.state < 10 ");
    PAGE_OF_SOME_CLAIMED = page_of_some!("INDEXED BY runs_claimed", "AND r.owner IS NOT NULL ");
    PAGE_OF_ONE = page_of_one!("INDEXED BY runs_number", "");
    PAGE_OF_ONE_OPEN = page_of_one!("INDEXED BY runs_open", "AND r.state < 10 ");
    PAGE_OF_ONE_CLAIMED = page_of_one!("INDEXED BY runs_claimed", "AND r.owner IS NOT NULL ");

    SCHEMA_VERSION = "SELECT max(version) FROM refinery_schema_history";
    HAS_SCHEMA = "SELECT 1 FROM sqlite_schema WHERE name = 'refinery_schema_history'";
}

/// What is written until a run's first container starts, in that order.
pub(crate) const OF_A_START: &[&str] = &[
    BEGIN,
    SAVEPOINT,
    PIPELINE,
    NEWEST_VERSION,
    RELEASE,
    COMMIT,
    HAS_VERSION,
    STATE,
    NEXT_NUMBER,
    TEXT_SEQ,
    ADD_RUN,
    TEXT,
    PUT_UNIT,
    PUT_ATTEMPT,
    LAST_LINE,
    ADD_LINES,
    RUN,
    CLAIMED,
    SET_HEAD,
    HAS_UNIT,
    HAS_ATTEMPT,
];
