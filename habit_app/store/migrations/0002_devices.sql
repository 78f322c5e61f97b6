-- How far each browser has got with sending its ticks: a batch that arrives after a later one of the same browser is
-- old news. Not STRICT in SQLite, which knows no BIGINT there; Postgres' INTEGER is too small for the numbers.

CREATE TABLE devices (
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    device TEXT NOT NULL,
    seq BIGINT NOT NULL,
    seen TEXT NOT NULL,
    PRIMARY KEY (user_id, device)
);
