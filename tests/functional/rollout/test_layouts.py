"""Where files come from: a monorepo, a configuration in a subdirectory, a path with spaces, as flyctl has it."""

from __future__ import annotations

from tests.functional.rollout.rollout_project import APP, FLY_TOML, FLYO_TOML, SERVER, RolloutProject
from tests.platform_client import fleet_of


def monorepo(project: RolloutProject) -> None:
    """apps/api with its Dockerfile, which copies from the root, and the configuration in `deploy here/`."""
    for path in project.project.iterdir():
        path.unlink()
    app, deploy = project.project / "apps" / "api", project.project / "deploy here"
    app.mkdir(parents=True)
    deploy.mkdir()
    (app / "server.py").write_text(f'BEHAVIOUR = "good"\n{SERVER.lstrip().partition(chr(10))[2]}')
    copied = project.dockerfile.replace("COPY . .", "ARG GREETING=none\nENV GREETING=$GREETING\nCOPY apps/api/ .")
    assert copied != project.dockerfile
    (app / "Dockerfile").write_text(copied)
    build = '\n[build]\ndockerfile = "../apps/api/Dockerfile"\nignorefile = "only.ignore"\n'
    build += '[build.args]\nGREETING = "hello"\n'
    (deploy / "only.ignore").write_text("*.toml\n")
    (deploy / "fly.api.toml").write_text(FLY_TOML + build)
    (deploy / "flyo.api.toml").write_text(FLYO_TOML)


def test_a_configuration_in_a_subdirectory_builds_from_the_root(fresh: RolloutProject) -> None:
    monorepo(fresh)
    ran = fresh.deploy("-c", "deploy here/fly.api.toml")
    assert ran.status == 0, ran.stderr
    assert sorted(fresh.machines()) == ["fra", "iad", "nrt"]
    images = fresh.api.call("GET", f"/v1/apps/{APP}/machines").body
    assert {body["config"]["image"].partition("@")[0].partition(":")[0] for body in images}
    again = fresh.deploy("-c", "deploy here/fly.api.toml")
    assert "Nothing to change" in again.stdout
    other = fresh.deploy("-c", "deploy here/fly.api.toml", "--build-arg", "GREETING=bye", "--no-cache", "--local-only")
    assert other.status == 0, other.stderr
    assert "Nothing to change" not in other.stdout
    said = "--no-cache changed nothing: RUN is not executed for machines that are processes" in other.stderr
    assert said is not fresh.contained
    assert "warning: --local-only changes nothing: the local platform builds by itself\n" in other.stderr


def test_without_a_fly_toml_the_ones_nearby_are_named(fresh: RolloutProject) -> None:
    monorepo(fresh)
    ran = fresh.deploy()
    assert ran.status == 2
    assert "fly.toml: does not exist. Name one with -c: deploy here/fly.api.toml" in ran.last_line


def test_a_working_directory_is_where_everything_is_looked_for(fresh: RolloutProject) -> None:
    inside = fresh.project / "inside"
    inside.mkdir()
    for name in ("server.py", "Dockerfile", "fly.toml", "flyo.toml", ".dockerignore"):
        (fresh.project / name).rename(inside / name)
    (inside / "Dockerfile").rename(inside / "Dockerfile.web")
    ran = fresh.deploy("inside")
    assert ran.status == 2 and "there is no " in ran.last_line, ran.stderr
    assert fresh.api.call("GET", "/v1/apps?org_slug=personal").body["total_apps"] == 0
    ran = fresh.deploy("inside", "--dockerfile", "Dockerfile.web")
    assert ran.status == 0, ran.stderr


def test_several_apps_of_one_repository_each_have_their_files(fresh: RolloutProject) -> None:
    monorepo(fresh)
    deploy = fresh.project / "deploy here"
    other = (deploy / "fly.api.toml").read_text().replace(APP, "other-app")
    (deploy / "fly.web.toml").write_text(other)
    (deploy / "flyo.toml").write_text(FLYO_TOML.replace("fra = 1\nnrt = 1\n", ""))
    for name in ("web", "api"):
        ran = fresh.deploy("-c", f"deploy here/fly.{name}.toml")
        assert ran.status == 0, ran.stderr
    web = fleet_of(fresh.api.call("GET", "/v1/apps/other-app/machines").body)
    # fly.web.toml has no flyo.web.toml beside it, so the common flyo.toml counts.
    assert [machine["region"] for machine in web] == ["iad"]
    assert sorted(fresh.machines()) == ["fra", "iad", "nrt"]
    shown = fresh.flyo("status", "--local", "-c", "deploy here/fly.web.toml")
    assert shown.status == 0 and "other-app" in shown.stdout and "nrt" not in shown.stdout, shown.stderr


def test_a_configuration_behind_a_link_is_where_the_link_is(fresh: RolloutProject) -> None:
    monorepo(fresh)
    kept, deploy = fresh.project / "kept", fresh.project / "deploy here"
    kept.mkdir()
    (deploy / "fly.api.toml").rename(kept / "anything.toml")
    (deploy / "fly.toml").symlink_to("../kept/anything.toml")
    (deploy / "flyo.api.toml").rename(deploy / "flyo.toml")
    # Its Dockerfile is found from the link's directory, as flyctl finds it.
    ran = fresh.deploy("-c", "deploy here")
    assert ran.status == 0, ran.stderr
    again = fresh.deploy("-c", "deploy here")
    assert "Nothing to change" in again.stdout, again.stderr


def test_a_path_with_spaces_and_a_linked_directory_deploy_the_same(fresh: RolloutProject) -> None:
    spaced = fresh.project / "my app, größer"
    spaced.mkdir()
    for name in ("server.py", "Dockerfile", "fly.toml", "flyo.toml", ".dockerignore"):
        (fresh.project / name).rename(spaced / name)
    (fresh.project / "link").symlink_to(spaced.name)
    ran = fresh.deploy(spaced.name)
    assert ran.status == 0, ran.stderr
    again = fresh.deploy("link")
    assert "Nothing to change" in again.stdout, again.stderr
