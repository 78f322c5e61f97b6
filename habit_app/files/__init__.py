"""Habits in files that people carry from one place to another: our own CSV, and Loop Habit Tracker's."""
