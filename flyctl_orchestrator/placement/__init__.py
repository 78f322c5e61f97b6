"""Which regions suit an app's users under a budget."""
