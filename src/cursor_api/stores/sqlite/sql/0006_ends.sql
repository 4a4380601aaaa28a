-- Who follows along asks for what ended last, whenever it began.
CREATE INDEX requests_ended ON requests (started_ms + total_ms);

PRAGMA user_version = 6;
