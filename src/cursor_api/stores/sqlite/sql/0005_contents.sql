-- What was said in requests, where the operator wants that kept.
CREATE TABLE contents (
    -- That of the request.
    id TEXT NOT NULL PRIMARY KEY,
    -- JSON: [[role, kind, text], ...]
    prompt TEXT NOT NULL,
    answer TEXT NOT NULL,
    -- There was more than is kept.
    is_cut INTEGER NOT NULL,
    size_bytes INTEGER NOT NULL
);

-- How much all of them take.
ALTER TABLE kept ADD COLUMN content_bytes INTEGER NOT NULL DEFAULT 0;

PRAGMA user_version = 5;
