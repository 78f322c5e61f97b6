"""What can be typed: a file per command with its options and help. Click alone is imported until a command runs."""
