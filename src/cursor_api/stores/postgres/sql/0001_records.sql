-- Requests in the order of their ids, which sort by time; sums by the hour beside them.
-- Texts are compared byte by byte, as SQLite and Python do it.
CREATE TABLE cursor_api.requests (
    -- 32 hex digits, the first twelve of which are the unix time in ms.
    id text COLLATE "C" NOT NULL PRIMARY KEY,
    started_ms bigint NOT NULL,
    caller text COLLATE "C" NOT NULL,
    -- The product that the user agent names.
    client text COLLATE "C" NOT NULL,
    -- The client API.
    dialect text COLLATE "C" NOT NULL,
    -- As asked for; "" where nobody serves it: then it may be any text, a key even.
    model text COLLATE "C" NOT NULL,
    is_stream boolean NOT NULL,
    -- success, failed, refused, cancelled.
    status text COLLATE "C" NOT NULL,
    credential text COLLATE "C" NOT NULL,
    credential_masked text COLLATE "C" NOT NULL,
    binding_masked text COLLATE "C" NOT NULL,
    -- The route that answered, or was tried last.
    endpoint text COLLATE "C" NOT NULL,
    model_served text COLLATE "C" NOT NULL,
    fault text COLLATE "C",
    error text COLLATE "C",
    -- JSON: [[credential, started at, fault or null, milliseconds], ...]
    attempts text COLLATE "C",
    first_ms double precision,
    total_ms double precision,
    input_count bigint,
    output_count bigint,
    cached_count bigint,
    cache_written_count bigint,
    reasoning_count bigint,
    -- upstream or estimated.
    usage_source text COLLATE "C",
    finish text COLLATE "C",
    -- Billionths of a dollar; null where no price is known.
    cost_nano bigint
);

-- The few that people look for among the many.
CREATE INDEX requests_not_success ON cursor_api.requests (id) WHERE status <> 'success';

CREATE INDEX requests_caller ON cursor_api.requests (caller, id);

-- Hours of UTC, as unix seconds. The sums outlive the rows.
CREATE TABLE cursor_api.usage_hourly (
    hour bigint NOT NULL,
    model text COLLATE "C" NOT NULL,
    credential text COLLATE "C" NOT NULL,
    caller text COLLATE "C" NOT NULL,
    answered_count bigint NOT NULL,
    failed_count bigint NOT NULL,
    refused_count bigint NOT NULL,
    cancelled_count bigint NOT NULL,
    input_count bigint NOT NULL,
    output_count bigint NOT NULL,
    cached_count bigint NOT NULL,
    reasoning_count bigint NOT NULL,
    input_estimated_count bigint NOT NULL,
    output_estimated_count bigint NOT NULL,
    cost_nano bigint NOT NULL,
    unpriced_count bigint NOT NULL,
    first_count bigint NOT NULL,
    first_ms_sum double precision NOT NULL,
    total_ms_sum double precision NOT NULL,
    PRIMARY KEY (hour, model, credential, caller)
);

-- What was refused before it was a request.
CREATE TABLE cursor_api.refusals_hourly (
    hour bigint NOT NULL,
    fault text COLLATE "C" NOT NULL,
    refused_count bigint NOT NULL,
    PRIMARY KEY (hour, fault)
);

-- Batches whose refusals are counted, so that none is counted twice.
CREATE TABLE cursor_api.refusal_batches (
    id text COLLATE "C" NOT NULL PRIMARY KEY
);

-- How many rows there are, as counting them takes long.
CREATE TABLE cursor_api.kept (
    number integer NOT NULL PRIMARY KEY CHECK (number = 1),
    rows_count bigint NOT NULL
);

INSERT INTO cursor_api.kept VALUES (1, 0);
