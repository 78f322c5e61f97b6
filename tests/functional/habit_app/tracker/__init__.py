"""What people keep: days, notes, order, files, and programs that tick."""
