-- Skipped days, notes, the order of habits, deleted habits, and tokens of programs. The release before knows none of it: it
-- sees a deleted habit as one that was put away, because both times are set, and a skipped day as an open one.

ALTER TABLE habits ADD COLUMN position INTEGER NOT NULL DEFAULT 0;

ALTER TABLE habits ADD COLUMN deleted_at TEXT;

CREATE TABLE skips (
    habit_id TEXT NOT NULL REFERENCES habits (id) ON DELETE CASCADE,
    day TEXT NOT NULL,
    created_at TEXT NOT NULL,
    PRIMARY KEY (habit_id, day)
) /*sqlite: STRICT, WITHOUT ROWID */;

CREATE TABLE notes (
    habit_id TEXT NOT NULL REFERENCES habits (id) ON DELETE CASCADE,
    day TEXT NOT NULL,
    note TEXT NOT NULL,
    PRIMARY KEY (habit_id, day)
) /*sqlite: STRICT, WITHOUT ROWID */;

CREATE TABLE tokens (
    id TEXT PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    hash TEXT NOT NULL UNIQUE,
    created_at TEXT NOT NULL
) /*sqlite: STRICT, WITHOUT ROWID */;

CREATE INDEX tokens_of_user ON tokens (user_id);
