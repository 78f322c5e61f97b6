"""`deploy --image` of the stand-in."""
