"""Take a web app to many Fly.io regions, one wave at a time, and prove each region healthy."""

__version__ = "0.1.0"
