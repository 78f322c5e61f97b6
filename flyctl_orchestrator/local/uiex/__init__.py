"""ui-ex, the REST API under /api/v1 that flyctl keeps releases with, and the polled logs."""
