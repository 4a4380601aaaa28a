-- Who follows along asks for what ended last, whenever it began.
CREATE INDEX requests_ended ON cursor_api.requests ((started_ms + total_ms));
