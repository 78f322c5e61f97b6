"""What the platform says of its regions: which it offers, and how much room they have."""
