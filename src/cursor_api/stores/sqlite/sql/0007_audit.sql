-- What operators did, in the order in which it was kept.
CREATE TABLE audit (
    number INTEGER NOT NULL PRIMARY KEY,
    -- Unix seconds.
    at REAL NOT NULL,
    actor TEXT NOT NULL,
    kind TEXT NOT NULL,
    subject TEXT NOT NULL
);

PRAGMA user_version = 7;
