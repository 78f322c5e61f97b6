"""Certificates of apps' own hostnames."""
