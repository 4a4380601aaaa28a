-- API keys, what models cost, and how often each was changed: that is what nodes look at, to see
-- whether there is something new.
CREATE TABLE cursor_api.api_keys (
    id text COLLATE "C" NOT NULL PRIMARY KEY,
    -- SHA-256 of the secret, and of the one before it.
    digest bytea NOT NULL UNIQUE,
    previous_digest bytea,
    previous_until double precision,
    hint text COLLATE "C" NOT NULL,
    name text COLLATE "C" NOT NULL,
    owner text COLLATE "C" NOT NULL,
    note text COLLATE "C" NOT NULL,
    role text COLLATE "C" NOT NULL,
    -- A list in JSON; an empty one allows all.
    models text COLLATE "C" NOT NULL,
    requests_per_minute bigint,
    tokens_per_minute bigint,
    requests_per_day bigint,
    tokens_per_day bigint,
    concurrent_max bigint,
    budget_amount bigint,
    budget_unit text COLLATE "C",
    budget_period text COLLATE "C",
    output_reserve_count bigint NOT NULL,
    zone text COLLATE "C" NOT NULL,
    -- Unix seconds.
    created_at double precision NOT NULL,
    expires_at double precision,
    revoked_at double precision,
    version bigint NOT NULL
);

CREATE TABLE cursor_api.prices (
    pattern text COLLATE "C" NOT NULL,
    -- The first day, in UTC: 2026-01-31.
    valid_from text COLLATE "C" NOT NULL,
    -- Billionths of a dollar for a million tokens.
    input_nano bigint NOT NULL,
    output_nano bigint NOT NULL,
    cache_read_nano bigint,
    cache_written_nano bigint,
    source text COLLATE "C" NOT NULL,
    PRIMARY KEY (pattern, valid_from)
);

CREATE TABLE cursor_api.changes (
    name text COLLATE "C" NOT NULL PRIMARY KEY,
    changes_count bigint NOT NULL
);

INSERT INTO cursor_api.changes VALUES ('keys', 0), ('prices', 0);
