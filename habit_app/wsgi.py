"""What gunicorn runs."""

from __future__ import annotations

import logging
import os

from habit_app.app import create_app

logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")

app = create_app(os.environ)
