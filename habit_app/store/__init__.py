"""Where the data is: SQLite or Postgres, behind hand-written statements in the dialect both understand."""
