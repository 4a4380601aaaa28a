-- Credentials, sealed: nothing of a token can be read here without the key of the gateways.
CREATE TABLE cursor_api.credentials (
    -- 32 hexadecimal digits; what is sealed is bound to it.
    id text COLLATE "C" NOT NULL PRIMARY KEY,
    -- In the order in which they were added.
    position bigint GENERATED ALWAYS AS IDENTITY,
    -- What stands before the `::` of a line; none where nobody has named it.
    name text COLLATE "C",
    -- Of the key that sealed it.
    key_id text COLLATE "C" NOT NULL,
    -- A nonce, and the token with its binding.
    sealed bytea NOT NULL,
    priority bigint NOT NULL,
    weight bigint NOT NULL,
    concurrent_max bigint,
    is_enabled boolean NOT NULL
);

INSERT INTO cursor_api.changes VALUES ('credentials', 0);
