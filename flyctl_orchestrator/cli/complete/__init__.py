"""What a shell completes: apps, regions and machines, from what is at hand, and without a word when that fails."""
