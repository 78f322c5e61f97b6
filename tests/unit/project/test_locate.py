from __future__ import annotations

import pytest

from flyctl_orchestrator.project.locate import Step, locate

TEXT = '''app = "x"

[env]
  NOTE = """
  [http_service]
  PORT = 1
  """
PORT = "8080"

[[services]]
internal_port = 1

  [[services.ports]]
  port = 80
  [[services.ports]]
  port = 443

[[services]]
internal_port = 2
"quoted.key" = 3
  [[services.ports]]
  port = 81

[deploy]
vm = { size = "a" }
a.b.c = 1
'''


@pytest.mark.parametrize(
    ("path", "place"),
    [
        (("app",), (1, 1)),
        (("env", "NOTE"), (4, 3)),
        (("env", "PORT"), (8, 1)),
        (("services", 0, "internal_port"), (11, 1)),
        (("services", 0, "ports", 1, "port"), (16, 3)),
        (("services", 1), (18, 1)),
        (("services", 1, "internal_port"), (19, 1)),
        (("services", 1, "quoted.key"), (20, 1)),
        (("services", 1, "ports", 0, "port"), (22, 3)),
        (("deploy", "vm", "size"), (25, 1)),
        (("deploy", "a", "b", "c"), (26, 1)),
        (("deploy", "missing"), (24, 1)),
        (("nowhere",), None),
    ],
)
def test_finds_the_key_or_the_table_around_it(path: tuple[Step, ...], place: tuple[int, int] | None) -> None:
    assert locate(TEXT, path) == place


def test_counts_lines_of_files_with_carriage_returns() -> None:
    assert locate("a = 1\r\n[t]\r\nb = 2\r\n", ("t", "b")) == (3, 1)
