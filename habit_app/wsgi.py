"""What gunicorn runs."""

from __future__ import annotations

import os

from habit_app.app import create_app
from habit_app.observe.logs import set_up
from habit_app.settings import read_settings

# First, so that what is said while the app is put together is a line like any other.
set_up(read_settings(os.environ))

app = create_app(os.environ)
