-- What a habit's older days amount to, so that counting its streaks does not read them again: streaks.py says how.
-- Empty means that nothing has been counted yet.

ALTER TABLE habits ADD COLUMN settled_until TEXT NOT NULL DEFAULT '';

ALTER TABLE habits ADD COLUMN settled TEXT NOT NULL DEFAULT '';
