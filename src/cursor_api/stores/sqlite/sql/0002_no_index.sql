-- An index of the ids, which come in no order, wrote a page of 4 KiB for each request.
ALTER TABLE requests RENAME TO requests_1;

-- One row for each request, in the order in which they were first written.
CREATE TABLE requests (
    -- One more than the last: rows are forgotten from the lowest on.
    number INTEGER PRIMARY KEY,
    -- In no order, and so without an index.
    id TEXT NOT NULL,
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

INSERT INTO requests SELECT * FROM requests_1;

DROP TABLE requests_1;

PRAGMA user_version = 2;
