CREATE TABLE cursor_api.migrations (
    number integer NOT NULL PRIMARY KEY,
    digest text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
);
