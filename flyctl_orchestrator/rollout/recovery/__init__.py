"""What earlier rollouts left behind, and how a fleet is brought on, or back, from there."""
