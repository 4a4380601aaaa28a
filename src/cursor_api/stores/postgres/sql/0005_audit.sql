-- What operators did, in the order in which it was kept.
CREATE TABLE cursor_api.audit (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    -- Unix seconds.
    at double precision NOT NULL,
    actor text COLLATE "C" NOT NULL,
    kind text COLLATE "C" NOT NULL,
    subject text COLLATE "C" NOT NULL
);
