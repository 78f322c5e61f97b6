"""What the app tells of itself: a line for each request, as JSON on Fly.io, and figures for Prometheus."""
