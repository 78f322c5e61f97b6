"""Earlier rollouts: their events, kept beside the journals, and showing them again."""
