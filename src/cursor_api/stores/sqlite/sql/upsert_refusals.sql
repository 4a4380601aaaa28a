-- What was refused before it was a request.
INSERT INTO refusals_hourly
VALUES
    -- repeated for each row
    (?, ?, ?)
    -- to here
ON CONFLICT (hour, fault) DO UPDATE SET refused_count = refused_count + excluded.refused_count
