-- Rows that are there already stay as they are; the ids of the new ones are given.
INSERT INTO requests
VALUES
    -- repeated for each row
    (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
    -- to here
ON CONFLICT (id) DO NOTHING
RETURNING id
