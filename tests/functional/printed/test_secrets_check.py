"""`flyo secrets check` against the local platform: what is missing, what differs, and what would get into an image."""

from __future__ import annotations

from typing import Any

from tests.flyo_process import Ran
from tests.functional.cli.local_fleet import APP, LocalFleet

CODE = "import os\nkey = os.environ['SECRET_KEY']\nurl = os.environ['DATABASE_URL']\n"


def statuses(ran: Ran) -> dict[str, str]:
    document: dict[str, Any] = ran.json
    assert (document["schema"], document["app"]) == ("flyo.secrets-check/1", APP)
    return {row["name"]: row["status"] for row in document["secrets"]}


def test_from_nothing_set_to_a_file_that_differs(bare: LocalFleet) -> None:
    (bare.project / "app.py").write_text(CODE)
    ran = bare.flyo("secrets", "check", "--local")
    assert (ran.status, ran.stdout) == (
        1,
        "name          status   why\n"
        "DATABASE_URL  missing  the code asks for it\nSECRET_KEY    missing  the code asks for it\n",
    )
    assert bare.flyo("secrets", "check", "--local", "--plain").stdout == (
        "name: DATABASE_URL, status: missing, why: the code asks for it\n"
        "name: SECRET_KEY, status: missing, why: the code asks for it\n"
    )
    assert ran.stderr.splitlines()[-3:] == [
        f"note: app {APP} does not exist yet, so nothing is set",
        f"app {APP}: 2 secrets missing",
        "next     flyo secrets set --local DATABASE_URL SECRET_KEY",
    ]
    env = bare.project / ".env"
    env.write_text("SECRET_KEY=one-value\nDATABASE_URL=postgres://a:b@c/d\n")
    bare.ok("secrets", "import", ".env", "--local")
    listed = bare.ok("secrets", "list", "--local").stdout.splitlines()
    assert [line.split()[0] for line in listed] == ["name", "DATABASE_URL", "SECRET_KEY"]
    spoken = bare.ok("secrets", "list", "--local", "--plain").stdout.splitlines()
    assert [line.split(", ")[0] for line in spoken] == ["name: DATABASE_URL", "name: SECRET_KEY"]
    assert all(line.endswith(", status: staged") for line in spoken)
    ran = bare.ok("secrets", "check", "--local", "--file", ".env", "--json")
    assert statuses(ran) == {"DATABASE_URL": "same", "SECRET_KEY": "same"}

    env.write_text("SECRET_KEY=another-value\nNEW=x\n")
    ran = bare.flyo("secrets", "check", "--local", "--file", ".env", "--json")
    assert (ran.status, statuses(ran)) == (1, {"NEW": "missing", "SECRET_KEY": "differs", "DATABASE_URL": "set"})
    ran = bare.flyo("secrets", "check", "--local", "--file", ".env")
    assert "SECRET_KEY    differs  is not what was last set\n" in ran.stdout
    assert f"app {APP}: 1 secret missing, 1 value different" in ran.stderr
    assert "another-value" not in ran.stdout + ran.stderr

    job = {"SECRET_KEY": "one-value", "DATABASE_URL": "other"}
    ran = bare.flyo("secrets", "check", "--local", "--env", "--json", env=job)
    assert (ran.status, statuses(ran)) == (1, {"DATABASE_URL": "differs", "SECRET_KEY": "same"})

    # Set by somebody else meanwhile: nobody can tell here, and that is said.
    bare.manage("POST", f"/v1/apps/{APP}/secrets", {"values": {"SECRET_KEY": "from elsewhere"}})
    ran = bare.flyo("secrets", "check", "--local", "--env", "--json", env={"SECRET_KEY": "from elsewhere"})
    assert (ran.status, statuses(ran)["SECRET_KEY"]) == (0, "unknown")
    assert bare.flyo("secrets", "check", "--local", "--env", "--strict", env={"SECRET_KEY": "x"}).status == 1
    everything = "".join(path.read_text() for path in (bare.root / "state").rglob("*") if path.is_file())
    assert "one-value" not in everything and "postgres://" not in everything


def test_a_name_may_be_optional_or_have_its_value_in_the_file(bare: LocalFleet) -> None:
    (bare.project / "app.py").write_text(CODE)
    toml = bare.project / "fly.toml"
    toml.write_text(toml.read_text().replace("[env]", '[env]\nDATABASE_URL = "sqlite://"'))
    ran = bare.ok("secrets", "check", "--local", "--optional", "SECRET_KEY", "--json")
    assert statuses(ran) == {"DATABASE_URL": "in fly.toml"}
    ran = bare.flyo("secrets", "check", "--local", "--json")
    assert (ran.status, statuses(ran)) == (1, {"SECRET_KEY": "missing", "DATABASE_URL": "in fly.toml"})


def test_a_file_of_values_on_its_way_into_the_image_is_named(bare: LocalFleet) -> None:
    (bare.project / "Dockerfile").write_text('FROM python:3.12-slim\nCOPY . .\nCMD ["python3", "server.py"]\n')
    (bare.project / ".env").write_text("A=1\n")
    said = "warning: .env gets into the image: add it to .dockerignore [doctor.env_in_image]"
    ran = bare.ok("secrets", "check", "--local")
    assert said in ran.stderr.splitlines()
    assert bare.flyo("secrets", "check", "--local", "--strict").status == 1
    assert ".env: gets into the image" in bare.ok("doctor", "--files").stdout
    warned = [line for line in bare.ok("plan", "--local").stderr.splitlines() if "doctor.env_in_image" in line]
    assert warned == [
        "warning: .env: gets into the image, where everybody who has the image can read it. Add the line .env to "
        ".dockerignore, and give the values with 'flyo secrets import --local .env' [doctor.env_in_image]"
    ]
    (bare.project / ".dockerignore").write_text(".env\n")
    assert ".env" not in bare.ok("secrets", "check", "--local", "--strict").stderr
