"""A small habit tracker: an ordinary Flask app for Fly.io that writes in one region and reads in many."""
