"""What people read that more than one page says."""
