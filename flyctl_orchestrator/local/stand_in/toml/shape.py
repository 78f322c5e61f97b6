"""The shape of fly.toml once old spellings are gone; also the `definition` a release stores.

Source of the names: https://docs.fly.io/reference/configuration/.
"""

from __future__ import annotations

from flyctl_orchestrator.local.stand_in.machine_shape import (
    CONCURRENCY,
    GUEST_FIELDS,
    HTTP_OPTIONS,
    METRICS_FIELDS,
    PORT,
    TEXTS,
    TLS_OPTIONS,
)
from flyctl_orchestrator.local.stand_in.shapes import (
    ANYTHING,
    AUTOSTOP,
    BOOL,
    DURATION,
    INT,
    NUMBER,
    TEXT,
    Field,
    Kind,
    always,
    kept,
    listing,
    mapping,
    record,
    text,
    within,
)

_TCP_CHECK: dict[str, Field | Kind] = {"interval": DURATION, "timeout": DURATION, "grace_period": DURATION}
_HTTP_CHECK: dict[str, Field | Kind] = {
    **_TCP_CHECK,
    "method": kept(TEXT),
    "path": kept(TEXT),
    "protocol": kept(TEXT),
    "tls_skip_verify": kept(BOOL),
    "tls_server_name": kept(TEXT),
    "headers": mapping(TEXT),
}
_MACHINE_CHECK = record(
    {"command": TEXTS, "image": TEXT, "entrypoint": TEXTS, "kill_signal": kept(TEXT), "kill_timeout": DURATION},
    "appconfig.ServiceMachineCheck",
)
_TCP_CHECKS = listing(record(_TCP_CHECK, "appconfig.ServiceTCPCheck"), pointers=True)
_HTTP_CHECKS = listing(record(_HTTP_CHECK, "appconfig.ServiceHTTPCheck"), pointers=True)
_SCALING: dict[str, Field | Kind] = {
    "auto_stop_machines": AUTOSTOP,
    "auto_start_machines": kept(BOOL),
    "min_machines_running": kept(INT),
    "processes": TEXTS,
    "concurrency": CONCURRENCY,
    "machine_checks": listing(_MACHINE_CHECK, pointers=True),
}
_HTTP_SERVICE = record(
    {
        "internal_port": INT,
        "force_https": BOOL,
        **_SCALING,
        "tls_options": TLS_OPTIONS,
        "http_options": HTTP_OPTIONS,
        "checks": _HTTP_CHECKS,
    },
    "appconfig.HTTPService",
)
_SERVICE = record(
    {
        "protocol": TEXT,
        "internal_port": INT,
        **_SCALING,
        "ports": listing(PORT),
        "tcp_checks": _TCP_CHECKS,
        "http_checks": _HTTP_CHECKS,
    },
    "appconfig.Service",
)
_CHECK = record({"port": kept(INT), "type": kept(TEXT), **_HTTP_CHECK, "processes": TEXTS}, "appconfig.ToplevelCheck")
_VM = record(
    {"size": TEXT, "memory": TEXT, **within("MachineGuest", GUEST_FIELDS), "processes": TEXTS}, "appconfig.Compute"
)
_DEPLOY = record(
    {
        "strategy": TEXT,
        "max_unavailable": kept(NUMBER),
        "wait_timeout": DURATION,
        "release_command": TEXT,
        "release_command_timeout": DURATION,
        "release_command_vm": _VM,
        "seed_command": TEXT,
    },
    "appconfig.Deploy",
)
_MOUNT = record(
    {
        "source": TEXT,
        "destination": TEXT,
        "initial_size": TEXT,
        "snapshot_retention": kept(INT),
        "scheduled_snapshots": kept(BOOL),
        "auto_extend_size_threshold": INT,
        "auto_extend_size_increment": TEXT,
        "auto_extend_size_limit": TEXT,
        "processes": TEXTS,
    },
    "appconfig.Mount",
)
_BUILD = record(
    {
        "builder": TEXT,
        "args": mapping(TEXT),
        "buildpacks": TEXTS,
        "image": TEXT,
        "settings": mapping(ANYTHING),
        "builtin": TEXT,
        "dockerfile": TEXT,
        "ignorefile": TEXT,
        "build-target": TEXT,
        "compose": record({"file": TEXT}, "appconfig.BuildCompose"),
        "compression": TEXT,
        "compression_level": kept(INT),
    },
    "appconfig.Build",
)
_EXPERIMENTAL = record(
    {
        "cmd": TEXTS,
        "entrypoint": TEXTS,
        "exec": TEXTS,
        "auto_rollback": BOOL,
        "enable_consul": BOOL,
        "enable_etcd": BOOL,
        "lazy_load_images": BOOL,
        "attached": always(
            record(
                {"secrets": always(record({"export": mapping(TEXT)}, "appconfig.AttachedSecrets"), {})},
                "appconfig.Attached",
            ),
            {"secrets": {}},
        ),
        "machine_config": TEXT,
    },
    "appconfig.Experimental",
)
_STATIC = record(
    {"guest_path": TEXT, "url_prefix": TEXT, "tigris_bucket": always(TEXT, ""), "index_document": TEXT},
    "appconfig.Static",
)
FLY_TOML = record(
    {
        "app": TEXT,
        "primary_region": TEXT,
        "kill_signal": kept(TEXT),
        "kill_timeout": DURATION,
        "swap_size_mb": kept(INT),
        "console_command": TEXT,
        "experimental": _EXPERIMENTAL,
        "build": _BUILD,
        "deploy": _DEPLOY,
        "env": mapping(TEXT),
        "processes": mapping(TEXT),
        "mounts": listing(_MOUNT),
        "http_service": _HTTP_SERVICE,
        "services": listing(_SERVICE),
        "checks": mapping(_CHECK, pointers=True),
        "files": listing(
            record(
                {
                    "guest_path": TEXT,
                    "local_path": TEXT,
                    "secret_name": TEXT,
                    "raw_value": TEXT,
                    "processes": TEXTS,
                },
                "appconfig.File",
            )
        ),
        "host_dedication_id": TEXT,
        "machine_config": TEXT,
        "container": TEXT,
        "machine_checks": listing(_MACHINE_CHECK, pointers=True),
        "restart": listing(
            record({"policy": text("appconfig.RestartPolicy"), "retries": INT, "processes": TEXTS}, "appconfig.Restart")
        ),
        "vm": listing(_VM, pointers=True),
        "statics": listing(_STATIC),
        "metrics": listing(
            record({**within("MachineMetrics", METRICS_FIELDS), "processes": TEXTS}, "appconfig.Metrics"),
            pointers=True,
        ),
    },
    "appconfig.Config",
)
