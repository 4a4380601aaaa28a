-- What was said in requests, where the operator wants that kept.
CREATE TABLE cursor_api.contents (
    -- That of the request.
    id text COLLATE "C" NOT NULL PRIMARY KEY,
    -- JSON: [[role, kind, text], ...]
    prompt text COLLATE "C" NOT NULL,
    answer text COLLATE "C" NOT NULL,
    -- There was more than is kept.
    is_cut boolean NOT NULL,
    size_bytes bigint NOT NULL
);

-- How much all of them take, before the database makes them smaller.
ALTER TABLE cursor_api.kept ADD COLUMN content_bytes bigint NOT NULL DEFAULT 0;
