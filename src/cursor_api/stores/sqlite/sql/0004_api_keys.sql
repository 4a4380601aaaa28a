-- API keys, what models cost, and how often each was changed: that is what others look at, to see
-- whether there is something new.

CREATE TABLE api_keys (
    id TEXT NOT NULL PRIMARY KEY,
    -- SHA-256 of the secret, and of the one before it.
    digest BLOB NOT NULL UNIQUE,
    previous_digest BLOB,
    previous_until REAL,
    hint TEXT NOT NULL,
    name TEXT NOT NULL,
    owner TEXT NOT NULL,
    note TEXT NOT NULL,
    role TEXT NOT NULL,
    -- A list in JSON; an empty one allows all.
    models TEXT NOT NULL,
    requests_per_minute INTEGER,
    tokens_per_minute INTEGER,
    requests_per_day INTEGER,
    tokens_per_day INTEGER,
    concurrent_max INTEGER,
    budget_amount INTEGER,
    budget_unit TEXT,
    budget_period TEXT,
    output_reserve_count INTEGER NOT NULL,
    zone TEXT NOT NULL,
    -- Unix seconds.
    created_at REAL NOT NULL,
    expires_at REAL,
    revoked_at REAL,
    version INTEGER NOT NULL
);

CREATE TABLE prices (
    pattern TEXT NOT NULL,
    -- The first day, in UTC: 2026-01-31.
    valid_from TEXT NOT NULL,
    -- Billionths of a dollar for a million tokens.
    input_nano INTEGER NOT NULL,
    output_nano INTEGER NOT NULL,
    cache_read_nano INTEGER,
    cache_written_nano INTEGER,
    source TEXT NOT NULL,
    PRIMARY KEY (pattern, valid_from)
);

CREATE TABLE changes (
    name TEXT NOT NULL PRIMARY KEY,
    changes_count INTEGER NOT NULL
);

INSERT INTO changes VALUES ('keys', 0), ('prices', 0);

PRAGMA user_version = 4;
