"""What an app costs a month: from its files, from its machines, and what the one becomes by the other."""
