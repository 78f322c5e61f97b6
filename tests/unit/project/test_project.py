from __future__ import annotations

from pathlib import Path

import pytest

from flyctl_orchestrator.errors import UsageError
from flyctl_orchestrator.project.project import load_project, load_to_look


def write(directory: Path, fly: str, flyo: str | None = None) -> Path:
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "fly.toml").write_text(fly)
    if flyo is not None:
        (directory / "flyo.toml").write_text(flyo)
    return directory


def test_counts_per_region_and_group(tmp_path: Path) -> None:
    write(
        tmp_path,
        'app = "x"\n[processes]\napp = ""\nworker = ""',
        "[regions]\niad = 2\nfra = 1\n[groups.worker.regions]\niad = 1",
    )
    project = load_project(tmp_path)
    assert (project.root, project.app) == (tmp_path, "x")
    assert [project.wanted(region, "app") for region in ("iad", "fra", "nrt")] == [2, 1, 0]
    assert [project.wanted(region, "worker") for region in ("iad", "fra", "nrt")] == [1, 0, 0]


def test_without_flyo_toml_there_is_one_machine_in_the_primary_region(tmp_path: Path) -> None:
    project = load_project(write(tmp_path, 'app = "x"\nprimary_region = "fra"'))
    assert project.regions() == {"fra": 1}


def test_no_region_at_all_is_an_error_and_not_an_empty_fleet(tmp_path: Path) -> None:
    project = load_project(write(tmp_path, 'app = "x"'))
    with pytest.raises(UsageError, match=r"no region is named.*flyo init --regions"):
        project.wanted("iad", "app")


def test_config_names_a_file_or_its_directory_elsewhere(tmp_path: Path) -> None:
    write(tmp_path / "api", 'app = "x"', "[regions]\niad = 1")
    for given in (Path("api/fly.toml"), Path("api"), tmp_path / "api" / "fly.toml"):
        project = load_project(tmp_path, given)
        assert (project.root, project.regions()) == (tmp_path / "api", {"iad": 1})


@pytest.mark.parametrize(
    ("fly", "flyo", "app", "message"),
    [
        ("", None, None, 'fly.toml: names no app. Add app = "NAME", or give --app NAME'),
        (
            'app = "x"',
            None,
            "Über App",
            "--app 'Über App': is not a valid app name. Use 1 to 63 letters, digits and hyphens, or give another one "
            "with --app",
        ),
    ],
)
def test_what_the_two_files_must_agree_on(
    tmp_path: Path, fly: str, flyo: str | None, app: str | None, message: str
) -> None:
    with pytest.raises(UsageError) as caught:
        load_project(write(tmp_path, fly, flyo), app_name=app)
    assert str(caught.value) == message


def test_the_app_of_the_command_line_wins(tmp_path: Path) -> None:
    assert load_project(write(tmp_path, 'app = "x"'), app_name="x-staging").app == "x-staging"


def test_a_newer_catalog_can_be_brought_along(tmp_path: Path) -> None:
    catalog = tmp_path / "catalog"
    catalog.mkdir()
    (catalog / "regions.toml").write_text(
        'captured_on = 2027-01-01\nsource = "mine"\n[[region]]\ncode = "osl"\ncity = "Oslo"\nmarkup = 1.1\n'
    )
    write(tmp_path, 'app = "x"\nprimary_region = "osl"')
    assert load_project(tmp_path, variables={"FLYO_CATALOG_DIR": str(catalog)}).regions() == {"osl": 1}
    (problem,) = load_project(tmp_path).problems
    assert "'osl' is not a Fly" in str(problem)


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("nrx", "fly.toml:2:1: 'nrx' is not a Fly.io region. Did you mean nrt (Tokyo)?"),
        ("tokyo", "fly.toml:2:1: 'tokyo' is not a Fly.io region. Did you mean nrt (Tokyo)?"),
        ("yul", "fly.toml:2:1: Fly.io has closed its region 'yul'"),
    ],
)
def test_a_primary_region_that_is_none_is_a_problem_where_no_other_is_named(
    tmp_path: Path, code: str, said: str
) -> None:
    write(tmp_path, f'app = "x"\nprimary_region = "{code}"')
    with pytest.raises(UsageError) as caught:
        load_project(tmp_path).require_understood()
    assert str(caught.value).startswith(said)
    write(tmp_path, f'app = "x"\nprimary_region = "{code}"', "[regions]\niad = 1")
    load_project(tmp_path).require_understood()


def test_names_that_only_fly_can_judge_are_asked_for(tmp_path: Path) -> None:
    assert load_project(write(tmp_path, 'app = "My_App"')).app == "My_App"
    write(tmp_path, 'app = "{APP_NAME}"')
    assert load_project(tmp_path, app_name="real").app == "real"
    with pytest.raises(UsageError, match=r"^fly\.toml: app '\{APP_NAME\}': is not a valid app name"):
        load_project(tmp_path)


# --- several configurations in one repository


def test_without_a_fly_toml_those_that_are_near_are_named(tmp_path: Path) -> None:
    (tmp_path / "deploy").mkdir()
    for name in ("fly.web.toml", "deploy/fly.api.toml", "deploy/other.toml"):
        (tmp_path / name).write_text('app = "x"')
    with pytest.raises(UsageError) as caught:
        load_project(tmp_path)
    assert str(caught.value) == "fly.toml: does not exist. Name one with -c: deploy/fly.api.toml, fly.web.toml"


def test_a_named_configuration_has_a_flyo_toml_of_its_name_or_shares_one(tmp_path: Path) -> None:
    for name, region in (("api", "iad"), ("web", "fra")):
        (tmp_path / f"fly.{name}.toml").write_text(f'app = "{name}"')
        (tmp_path / f"flyo.{name}.toml").write_text(f"[regions]\n{region} = 1\n")
    (tmp_path / "fly.jobs.toml").write_text('app = "jobs"')
    (tmp_path / "flyo.toml").write_text("[regions]\nnrt = 1\n")
    found = {name: load_project(tmp_path, Path(f"fly.{name}.toml")) for name in ("api", "web", "jobs")}
    assert {name: list(project.regions()) for name, project in found.items()} == {
        "api": ["iad"],
        "web": ["fra"],
        "jobs": ["nrt"],
    }


def test_the_build_context_is_where_the_user_is(tmp_path: Path) -> None:
    write(tmp_path / "deploy dir", 'app = "x"')
    (tmp_path / "link.toml").symlink_to(tmp_path / "deploy dir" / "fly.toml")
    project = load_project(tmp_path, Path("deploy dir/fly.toml"))
    assert (project.context, project.root) == (tmp_path, tmp_path / "deploy dir")
    assert load_project(tmp_path, Path("link.toml")).root == tmp_path


JSON = '{"app": "x", "primary_region": "fra", "processes": {"web": "serve"}}'
YAML = "app: x\nprimary_region: fra\nprocesses:\n  web: serve\n"


@pytest.mark.parametrize(("name", "text"), [("fly.json", JSON), ("fly.yaml", YAML)])
def test_other_formats_are_found_and_read(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    project = load_project(tmp_path)
    assert (project.app, project.flytoml.process_groups, project.regions()) == ("x", ("web",), {"fra": 1})
    assert project.flytoml.shown == name
    (tmp_path / "fly.toml").write_text('app = "y"')
    assert load_project(tmp_path).app == "y"
    assert load_project(tmp_path, Path(name)).app == "x"


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("fly.json", '{"app": }', "fly.json:1:9: is not valid JSON: Expecting value. Correct that line"),
        ("fly.json", "[]", "fly.json: is not a table of names and values. Correct it"),
        ("fly.yaml", "app: [", "fly.yaml:1:7: is not valid YAML: "),
        ("fly.yaml", "1: x", "fly.yaml: is not a table of names and values. Correct it"),
    ],
)
def test_other_formats_are_refused_with_their_place(tmp_path: Path, name: str, text: str, said: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(UsageError) as caught:
        load_project(tmp_path)
    assert str(caught.value).startswith(said)


# --- what only looks or undoes


@pytest.mark.parametrize(("group", "advice"), [("workers", "Did you mean 'worker'?"), ("cron", "Take it out when")])
def test_a_group_that_has_left_fly_toml_counts_for_nothing(tmp_path: Path, group: str, advice: str) -> None:
    fly = 'app = "x"\n[processes]\nweb = ""\nworker = ""'
    project = load_project(write(tmp_path, fly, f"[regions]\niad = 1\n[groups.{group}.regions]\nfra = 2"))
    said = f"flyo.toml: [groups.{group}] is no process group of fly.toml and counts for nothing. {advice}"
    assert [note.startswith(said) for note in project.notes] == [True]
    assert project.problems == () and load_to_look(tmp_path)[1] == ()
    assert load_project(write(tmp_path, fly, "[groups.worker.regions]\nfra = 2")).notes == ()


@pytest.mark.parametrize(
    ("fly", "flyo", "said"),
    [
        ('app = "x"\nprimary_region = "nowhere"', None, "'nowhere' is not a Fly.io region"),
        ('app = "x"\nprocesses = 3', None, "processes must be a table"),
        ('app = "x"', "[regions]\nnowhere = 1", "'nowhere' is not a Fly.io region"),
        ('app = "x"', "[rollout]\ncolour = 1", "is not a known key"),
        ('app = "x"', "[", "is not valid TOML"),
    ],
)
def test_looking_goes_on_whatever_is_wrong_with_values(tmp_path: Path, fly: str, flyo: str | None, said: str) -> None:
    project, wrong = load_to_look(write(tmp_path, fly, flyo))
    assert project.app == "x"
    assert [said in str(each) for each in wrong] == [True]
    assert project.problems


def test_looking_needs_a_name_and_nothing_else(tmp_path: Path) -> None:
    project, wrong = load_to_look(tmp_path, app_name="x")
    assert (project.app, wrong, bool(project.problems)) == ("x", (), True)
    with pytest.raises(UsageError, match="does not exist"):
        load_to_look(tmp_path)
    with pytest.raises(UsageError, match="does not exist"):
        load_to_look(tmp_path, Path("other.toml"), "x")
    write(tmp_path, "app = ")
    assert [each.code for each in load_to_look(tmp_path, app_name="x")[1]] == ["config.syntax"]
    with pytest.raises(UsageError, match="is not valid TOML"):
        load_to_look(tmp_path)


@pytest.mark.parametrize(
    ("groups", "named", "theirs"),
    [
        ("app worker", "[]", ["app"]),
        ("web api", "[]", ["api"]),
        ("web api", '[""]', ["api"]),
        ("web api", '["", "web"]', ["web", "api"]),
        ("web api", '["web"]', ["web"]),
        ("web api", '["ghost"]', []),
    ],
)
def test_a_section_belongs_to_the_groups_that_flyctl_gives_it_to(
    tmp_path: Path, groups: str, named: str, theirs: list[str]
) -> None:
    processes = "".join(f'{group} = ""\n' for group in groups.split())
    sections = "".join(f"[[{key}]]\nprocesses = {named}\n" for key in ("services", "mounts"))
    text = f'app = "x"\n[processes]\n{processes}{sections}[[vm]]\nprocesses = {named}\n'
    fly = load_project(write(tmp_path, text, None)).flytoml
    (service,) = fly.services
    assert [group for group in fly.process_groups if fly.belongs(service.processes, group)] == theirs
    assert [group for group in fly.process_groups if group in fly.volumes] == theirs
    everybody = fly.process_groups if named == "[]" else theirs
    assert [group for group in fly.process_groups if fly.vm_of(group) is not None] == list(everybody)
