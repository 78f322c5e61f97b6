-- One text for both databases. SQLite takes what is in the marked comments; Postgres reads them as comments.
-- Ids are made by the app. Dates are ISO text in the user's own calendar; instants are ISO text in UTC.
-- Later files may only add: while a release rolls out, the version before it runs against the same tables.

CREATE TABLE users (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    name_key TEXT NOT NULL UNIQUE,
    password_hash TEXT NOT NULL,
    zone TEXT NOT NULL,
    day_start INTEGER NOT NULL CHECK (day_start BETWEEN 0 AND 6),
    epoch INTEGER NOT NULL DEFAULT 1,
    rev INTEGER NOT NULL DEFAULT 1,
    created_at TEXT NOT NULL
) /*sqlite: STRICT */;

CREATE TABLE habits (
    id TEXT PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    schedule TEXT NOT NULL,
    created_at TEXT NOT NULL,
    archived_at TEXT
) /*sqlite: STRICT */;

CREATE INDEX habits_of_user ON habits (user_id);

CREATE TABLE entries (
    habit_id TEXT NOT NULL REFERENCES habits (id) ON DELETE CASCADE,
    day TEXT NOT NULL,
    created_at TEXT NOT NULL,
    PRIMARY KEY (habit_id, day)
) /*sqlite: STRICT, WITHOUT ROWID */;

CREATE TABLE attempts (
    bucket TEXT PRIMARY KEY,
    count INTEGER NOT NULL,
    since TEXT NOT NULL,
    last TEXT NOT NULL
) /*sqlite: STRICT, WITHOUT ROWID */;

CREATE INDEX attempts_by_age ON attempts (last);
