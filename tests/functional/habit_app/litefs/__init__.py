"""The app on a database that LiteFS copies to every region."""
