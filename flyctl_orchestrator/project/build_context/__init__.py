"""The files that a build gets: which ones stay out of it, and which should."""
