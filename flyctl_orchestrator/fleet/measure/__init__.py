"""Measuring an app from outside: how long answers take, and how long a sleeping machine takes to give one."""
