-- "crsr" in SQLite's header: the file is a request log of this program.
PRAGMA application_id = 1668445042;

-- One row for each request, in the order in which they were first written.
CREATE TABLE requests (
    -- One more than the last: rows are forgotten from the lowest on.
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    -- Unix seconds.
    started_at REAL NOT NULL,
    caller TEXT NOT NULL,
    model TEXT NOT NULL,
    is_stream INTEGER NOT NULL,
    -- pending (until its end is known: under way, or its gateway was killed), success, failed, cancelled.
    status TEXT NOT NULL,
    credential_alias TEXT NOT NULL,
    credential_masked TEXT NOT NULL,
    checksum_masked TEXT NOT NULL,
    error TEXT,
    error_kind TEXT,
    input_count INTEGER,
    output_count INTEGER,
    -- upstream or estimated.
    usage_source TEXT,
    first_delta_ms REAL,
    duration_ms REAL,
    -- JSON: [[credential alias, started at, fault or null, milliseconds], ...]
    attempts TEXT NOT NULL
);

PRAGMA user_version = 1;
