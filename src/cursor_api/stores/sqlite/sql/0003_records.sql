-- Requests in the order of their ids, which sort by time; sums by the hour beside them.
ALTER TABLE requests RENAME TO requests_2;

CREATE TABLE requests (
    -- 32 hex digits, the first twelve of which are the unix time in ms.
    id TEXT NOT NULL PRIMARY KEY,
    started_ms INTEGER NOT NULL,
    caller TEXT NOT NULL,
    -- The product that the user agent names.
    client TEXT NOT NULL,
    -- The client API.
    dialect TEXT NOT NULL,
    -- As asked for; "" where nobody serves it: then it may be any text, a key even.
    model TEXT NOT NULL,
    is_stream INTEGER NOT NULL,
    -- success, failed, refused, cancelled.
    status TEXT NOT NULL,
    credential TEXT NOT NULL,
    credential_masked TEXT NOT NULL,
    binding_masked TEXT NOT NULL,
    -- The route that answered, or was tried last.
    endpoint TEXT NOT NULL,
    model_served TEXT NOT NULL,
    fault TEXT,
    error TEXT,
    -- JSON: [[credential, started at, fault or null, milliseconds], ...]
    attempts TEXT,
    first_ms REAL,
    total_ms REAL,
    input_count INTEGER,
    output_count INTEGER,
    cached_count INTEGER,
    cache_written_count INTEGER,
    reasoning_count INTEGER,
    -- upstream or estimated.
    usage_source TEXT,
    finish TEXT,
    -- Billionths of a dollar; null where no price is known.
    cost_nano INTEGER
) WITHOUT ROWID;

-- The few that people look for among the many.
CREATE INDEX requests_not_success ON requests (id) WHERE status <> 'success';

CREATE INDEX requests_caller ON requests (caller, id);

-- Hours of UTC, as unix seconds. The sums outlive the rows.
CREATE TABLE usage_hourly (
    hour INTEGER NOT NULL,
    model TEXT NOT NULL,
    credential TEXT NOT NULL,
    caller TEXT NOT NULL,
    answered_count INTEGER NOT NULL,
    failed_count INTEGER NOT NULL,
    refused_count INTEGER NOT NULL,
    cancelled_count INTEGER NOT NULL,
    input_count INTEGER NOT NULL,
    output_count INTEGER NOT NULL,
    cached_count INTEGER NOT NULL,
    reasoning_count INTEGER NOT NULL,
    input_estimated_count INTEGER NOT NULL,
    output_estimated_count INTEGER NOT NULL,
    cost_nano INTEGER NOT NULL,
    unpriced_count INTEGER NOT NULL,
    first_count INTEGER NOT NULL,
    first_ms_sum REAL NOT NULL,
    total_ms_sum REAL NOT NULL,
    PRIMARY KEY (hour, model, credential, caller)
) WITHOUT ROWID;

-- What was refused before it was a request.
CREATE TABLE refusals_hourly (
    hour INTEGER NOT NULL,
    fault TEXT NOT NULL,
    refused_count INTEGER NOT NULL,
    PRIMARY KEY (hour, fault)
) WITHOUT ROWID;

-- Batches whose refusals are counted, so that none is counted twice.
CREATE TABLE refusal_batches (
    id TEXT NOT NULL PRIMARY KEY
) WITHOUT ROWID;

-- How many rows there are, as counting them takes long.
CREATE TABLE kept (
    only INTEGER NOT NULL PRIMARY KEY CHECK (only = 1),
    rows_count INTEGER NOT NULL
);

-- The earlier ids came in no order. What was under way when its gateway was killed has no end.
INSERT INTO requests
SELECT
    printf('%012x', CAST(round(started_at * 1000) AS INTEGER))
    || CASE WHEN length(id) = 24 THEN substr(id, 1, 20) ELSE lower(hex(randomblob(10))) END,
    CAST(round(started_at * 1000) AS INTEGER),
    caller,
    '',
    '',
    CASE WHEN error_kind = 'model_not_found' AND attempts = '[]' THEN '' ELSE model END,
    is_stream,
    CASE
        WHEN status = 'pending' THEN 'failed'
        WHEN status = 'failed' AND first_delta_ms IS NULL AND error_kind IN (
            'invalid_request', 'unauthenticated', 'locked_out', 'forbidden', 'not_found',
            'method_not_allowed', 'model_not_found', 'body_too_large', 'context_too_long',
            'content_refused', 'conflict', 'precondition_failed'
        ) THEN 'refused'
        ELSE status
    END,
    credential_alias,
    credential_masked,
    checksum_masked,
    '',
    '',
    error_kind,
    CASE
        WHEN status = 'pending'
        THEN 'The end of this request was not recorded: the gateway that served it was killed.'
        ELSE error
    END,
    CASE WHEN attempts = '[]' THEN NULL ELSE attempts END,
    first_delta_ms,
    duration_ms,
    input_count,
    output_count,
    CASE WHEN usage_source IS NOT NULL THEN 0 END,
    CASE WHEN usage_source IS NOT NULL THEN 0 END,
    CASE WHEN usage_source IS NOT NULL THEN 0 END,
    usage_source,
    NULL,
    NULL
FROM requests_2
WHERE started_at BETWEEN 0 AND 281474976710
ORDER BY 1
ON CONFLICT (id) DO NOTHING;

INSERT INTO kept SELECT 1, count(*) FROM requests;

INSERT INTO usage_hourly
SELECT
    started_ms / 3600000 * 3600,
    model,
    credential,
    caller,
    sum(status = 'success'),
    sum(status = 'failed'),
    sum(status = 'refused'),
    sum(status = 'cancelled'),
    sum(CASE WHEN usage_source = 'upstream' THEN input_count ELSE 0 END),
    sum(CASE WHEN usage_source = 'upstream' THEN output_count ELSE 0 END),
    0,
    0,
    sum(CASE WHEN usage_source = 'estimated' THEN input_count ELSE 0 END),
    sum(CASE WHEN usage_source = 'estimated' THEN output_count ELSE 0 END),
    0,
    sum(coalesce(input_count + output_count, 0) > 0),
    sum(first_ms IS NOT NULL),
    sum(coalesce(first_ms, 0.0)),
    sum(CASE WHEN status = 'success' THEN coalesce(total_ms, 0.0) ELSE 0.0 END)
FROM requests
GROUP BY 1, 2, 3, 4;

DROP TABLE requests_2;

PRAGMA user_version = 3;
