"""What `flyo doctor` looks for: pure functions from files, machines or a computer's facts to findings."""
