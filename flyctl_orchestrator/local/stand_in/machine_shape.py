"""The shape of a machine as `machine list --json` prints it, and of its config as a deploy sends it.

Source of the names: the Machines API's documentation and what flyctl prints.
"""

from __future__ import annotations

from flyctl_orchestrator.local.stand_in.shapes import (
    ANYTHING,
    AUTOSTOP,
    BOOL,
    DURATION,
    INT,
    NUMBER,
    PERSISTENCE,
    TEXT,
    TIME,
    UINT32,
    Field,
    Kind,
    always,
    kept,
    listing,
    mapping,
    record,
)

TEXTS = listing(TEXT)
TLS_OPTIONS = record({"alpn": TEXTS, "versions": TEXTS, "default_self_signed": kept(BOOL)}, "fly.TLSOptions")
HTTP_OPTIONS = record(
    {
        "compress": kept(BOOL),
        "response": record({"headers": mapping(ANYTHING), "pristine": kept(BOOL)}, "fly.HTTPResponseOptions"),
        "h2_backend": kept(BOOL),
        "idle_timeout": kept(UINT32),
        "headers_read_timeout": kept(UINT32),
        "replay_cache": listing(
            record(
                {
                    "path_prefix": always(TEXT, ""),
                    "ttl_seconds": always(INT, 0),
                    "type": always(TEXT, ""),
                    "name": always(TEXT, ""),
                    "allow_bypass": BOOL,
                },
                "fly.ReplayCache",
            )
        ),
    },
    "fly.HTTPOptions",
)
PORT = record(
    {
        "port": kept(INT),
        "start_port": kept(INT),
        "end_port": kept(INT),
        "handlers": TEXTS,
        "force_https": BOOL,
        "tls_options": TLS_OPTIONS,
        "http_options": HTTP_OPTIONS,
        "proxy_proto_options": record({"version": TEXT}, "fly.ProxyProtoOptions"),
    },
    "fly.MachinePort",
)
CONCURRENCY = record({"type": TEXT, "hard_limit": INT, "soft_limit": INT}, "fly.MachineServiceConcurrency")
_CHECK_FIELDS: dict[str, Field | Kind] = {
    "port": kept(INT),
    "type": kept(TEXT),
    "interval": DURATION,
    "timeout": DURATION,
    "grace_period": DURATION,
    "method": kept(TEXT),
    "path": kept(TEXT),
    "protocol": kept(TEXT),
    "tls_skip_verify": kept(BOOL),
    "tls_server_name": kept(TEXT),
    "headers": listing(record({"name": TEXT, "values": TEXTS})),
}
SERVICE_CHECK = record(_CHECK_FIELDS)
CHECK = record({**_CHECK_FIELDS, "kind": kept(TEXT)})
SERVICE = record(
    {
        "protocol": TEXT,
        "internal_port": INT,
        "autostop": AUTOSTOP,
        "autostart": kept(BOOL),
        "min_machines_running": kept(INT),
        "ports": listing(PORT),
        "checks": listing(SERVICE_CHECK),
        "concurrency": CONCURRENCY,
        "force_instance_key": always(TEXT, None),
        "force_instance_description": kept(TEXT),
    }
)
GUEST_FIELDS: dict[str, Field | Kind] = {
    "cpu_kind": TEXT,
    "cpus": INT,
    "memory_mb": INT,
    "max_memory_mb": INT,
    "gpus": INT,
    "gpu_kind": TEXT,
    "host_dedication_id": TEXT,
    "persist_rootfs": PERSISTENCE,
    "kernel_args": TEXTS,
}
GUEST = record(GUEST_FIELDS, "fly.MachineGuest")
STATIC = record(
    {
        "guest_path": always(TEXT, ""),
        "url_prefix": always(TEXT, ""),
        "tigris_bucket": always(TEXT, ""),
        "index_document": always(TEXT, ""),
    }
)
MOUNT = record(
    {
        "encrypted": BOOL,
        "path": TEXT,
        "size_gb": INT,
        "volume": TEXT,
        "name": TEXT,
        "extend_threshold_percent": INT,
        "add_size_gb": INT,
        "size_gb_limit": INT,
    }
)
FILE = record(
    {
        "guest_path": TEXT,
        "raw_value": kept(TEXT),
        "secret_name": kept(TEXT),
        "image_config": kept(TEXT),
        "mode": INT,
    }
)
INIT = record(
    {
        "exec": TEXTS,
        "entrypoint": TEXTS,
        "cmd": TEXTS,
        "tty": BOOL,
        "swap_size_mb": kept(INT),
        "kernel_args": TEXTS,
    }
)
DNS = record(
    {
        "skip_registration": BOOL,
        "nameservers": TEXTS,
        "searches": TEXTS,
        "options": listing(record({"name": TEXT, "value": TEXT})),
        "dns_forward_rules": listing(record({"basename": TEXT, "addr": TEXT})),
        "hostname": TEXT,
        "hostname_fqdn": TEXT,
    }
)
METRICS_FIELDS: dict[str, Field | Kind] = {"port": INT, "path": TEXT, "https": BOOL}
METRICS = record(METRICS_FIELDS, "fly.MachineMetrics")
CONFIG = record(
    {
        "env": mapping(TEXT),
        "init": always(INIT, {}),
        "guest": GUEST,
        "metadata": mapping(TEXT),
        "mounts": listing(MOUNT),
        "services": listing(SERVICE),
        "metrics": METRICS,
        "checks": mapping(CHECK),
        "statics": listing(STATIC),
        "image": TEXT,
        "files": listing(FILE),
        "schedule": TEXT,
        "auto_destroy": BOOL,
        "restart": record({"policy": TEXT, "max_retries": INT}),
        "dns": DNS,
        "processes": listing(ANYTHING),
        "standbys": TEXTS,
        "stop_config": record({"timeout": DURATION, "signal": kept(TEXT)}),
        "containers": listing(ANYTHING),
        "volumes": listing(ANYTHING),
        "rootfs": record({"persist": TEXT, "size_gb": INT}),
        "cache_drive": record({"size_mb": INT}),
        "spot": record({"max_price_fraction": NUMBER}),
        "size": TEXT,
        "disable_machine_autostart": kept(BOOL),
    }
)
_EXIT = record(
    {
        "exit_code": INT,
        "guest_exit_code": INT,
        "guest_signal": INT,
        "oom_killed": BOOL,
        "requested_stop": BOOL,
        "restarting": BOOL,
        "signal": INT,
        "exited_at": always(TIME, "0001-01-01T00:00:00Z"),
    }
)
EVENT = record(
    {
        "type": TEXT,
        "status": TEXT,
        "request": record({"exit_event": _EXIT, "MonitorEvent": record({"exit_event": _EXIT}), "restart_count": INT}),
        "source": TEXT,
        "timestamp": INT,
    }
)
CHECK_STATUS = record({"name": TEXT, "status": TEXT, "output": TEXT, "updated_at": TIME})
IMAGE_REF = record({"registry": TEXT, "repository": TEXT, "tag": TEXT, "digest": TEXT, "labels": mapping(TEXT)})
MACHINE = record(
    {
        "id": TEXT,
        "name": TEXT,
        "state": TEXT,
        "region": TEXT,
        "image_ref": always(IMAGE_REF, {}),
        "instance_id": TEXT,
        "version": TEXT,
        "private_ip": TEXT,
        "created_at": TEXT,
        "updated_at": TEXT,
        "config": CONFIG,
        "events": listing(EVENT),
        "checks": listing(CHECK_STATUS),
        "nonce": TEXT,
        "host_status": TEXT,
        "cordoned": always(BOOL, False),
        "containers": listing(record({"name": always(TEXT, ""), "state": always(TEXT, "")})),
        "incomplete_config": CONFIG,
    }
)
