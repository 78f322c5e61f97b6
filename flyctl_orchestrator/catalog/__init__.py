"""Dated facts about Fly.io as data files; `FLYO_CATALOG_DIR` may hold newer ones of the same names."""
