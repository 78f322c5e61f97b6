"""What machines of the app tell each other over Fly's private network: snapshots, and whose have moved on."""
