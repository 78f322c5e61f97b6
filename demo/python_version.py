"""Say in one line that this Python is too old, before pip says it in forty. Runs on any Python 3."""

import sys

if sys.version_info < (3, 11):
    sys.exit(
        "flyctl_orchestrator needs Python 3.11 or newer and this is %d.%d; try: make %s PYTHON=python3.12"
        % (sys.version_info[0], sys.version_info[1], "demo")
    )
