"""The types of everything in a machine's config and in a request to create or update one.

They are those of Fly.io's own client (fly-go, machine_types.go, 2026-08-21): what that refuses to decode, the API
refuses, too.
"""

from __future__ import annotations

from flyctl_orchestrator.local.base.shape import (
    anything,
    count,
    duration,
    flag,
    list_of,
    map_of,
    number,
    one_of,
    port,
    record,
    small_count,
    text,
    whole,
)

_TEXTS, _TEXT_MAP = list_of(text), map_of(text)
_PERSIST = one_of("", "none", "never", "restart", "always", 0, 1, 2, 3)
# "" is the same as nothing wherever there is a choice: Go leaves an empty string out.
_PROTOCOL = one_of("", "http", "https")
_SIGNAL = one_of("", "SIGHUP", "SIGINT", "SIGQUIT", "SIGKILL", "SIGUSR1", "SIGUSR2", "SIGTERM", "SIGSTOP")
_HANDLERS = list_of(one_of("http", "tls", "pg_tls", "proxy_proto", "edge_http"))

_HEADER = record({"name": text, "values": _TEXTS})
_CHECK_FIELDS = {
    "port": port,
    "type": one_of("", "tcp", "http"),
    "kind": one_of("", "informational", "readiness"),
    "interval": duration,
    "timeout": duration,
    "grace_period": duration,
    "method": text,
    "path": text,
    "protocol": _PROTOCOL,
    "tls_skip_verify": flag,
    "tls_server_name": text,
    "headers": list_of(_HEADER),
}
_CHECK = record(_CHECK_FIELDS)
_HTTP_OPTIONS = record(
    {
        "compress": flag,
        "h2_backend": flag,
        "idle_timeout": small_count,
        "headers_read_timeout": small_count,
        "response": record({"headers": map_of(anything), "pristine": flag}),
        "replay_cache": list_of(
            record(
                {
                    "path_prefix": text,
                    "ttl_seconds": whole,
                    "type": one_of("", "cookie", "header"),
                    "name": text,
                    "allow_bypass": flag,
                }
            )
        ),
    }
)
_PORT = record(
    {
        "port": port,
        "start_port": port,
        "end_port": port,
        "handlers": _HANDLERS,
        "force_https": flag,
        "tls_options": record({"alpn": _TEXTS, "versions": _TEXTS, "default_self_signed": flag}),
        "http_options": _HTTP_OPTIONS,
        "proxy_proto_options": record({"version": one_of("", "v1", "v2")}),
    }
)
_SERVICE = record(
    {
        "protocol": one_of("", "tcp", "udp"),
        "internal_port": port,
        "autostop": one_of(True, False, "off", "stop", "suspend"),
        "autostart": flag,
        "min_machines_running": whole,
        "ports": list_of(_PORT),
        "checks": list_of(_CHECK),
        "concurrency": record(
            {"type": one_of("", "connections", "requests"), "hard_limit": whole, "soft_limit": whole}
        ),
        "force_instance_key": text,
        "force_instance_description": text,
    }
)
_GUEST = record(
    {
        "cpu_kind": text,
        "cpus": whole,
        "memory_mb": whole,
        "max_memory_mb": whole,
        "gpus": whole,
        "gpu_kind": text,
        "host_dedication_id": text,
        "persist_rootfs": _PERSIST,
        "kernel_args": _TEXTS,
    }
)
_MOUNT = record(
    {
        "encrypted": flag,
        "path": text,
        "size_gb": whole,
        "volume": text,
        "name": text,
        "extend_threshold_percent": whole,
        "add_size_gb": whole,
        "size_gb_limit": whole,
    }
)
_FILE = record({"guest_path": text, "raw_value": text, "secret_name": text, "image_config": text, "mode": small_count})
_SECRETS = list_of(record({"env_var": text, "name": text}))
_FIELDS = one_of("", "id", "version", "app_name", "private_ip", "region", "image")
_ENV_FROM = list_of(record({"env_var": text, "field_ref": _FIELDS}))
_RESTART = record({"policy": one_of("", "no", "never", "always", "on-failure", "on-fail"), "max_retries": whole})
_STOP = record({"timeout": duration, "signal": _SIGNAL})
_PROCESS = record(
    {
        "exec": _TEXTS,
        "entrypoint": _TEXTS,
        "cmd": _TEXTS,
        "user": text,
        "env": _TEXT_MAP,
        "secrets": _SECRETS,
        "ignore_app_secrets": flag,
        "env_from": _ENV_FROM,
    }
)
_DNS = record(
    {
        "skip_registration": flag,
        "nameservers": _TEXTS,
        "searches": _TEXTS,
        "options": list_of(record({"name": text, "value": text})),
        "dns_forward_rules": list_of(record({"basename": text, "addr": text})),
        "hostname": text,
        "hostname_fqdn": text,
    }
)
_CONTAINER_HEALTHCHECK = record(
    {
        "name": text,
        "interval": whole,
        "grace_period": whole,
        "success_threshold": whole,
        "failure_threshold": whole,
        "timeout": whole,
        "kind": one_of("", "readiness", "liveness"),
        "unhealthy": one_of("", "stop"),
        "http": record(
            {
                "port": port,
                "method": text,
                "path": text,
                "headers": list_of(_HEADER),
                "scheme": _PROTOCOL,
                "tls_skip_verify": flag,
                "tls_server_name": text,
            }
        ),
        "tcp": record({"port": port}),
        "exec": record({"command": _TEXTS}),
    }
)
_CONTAINER = record(
    {
        "name": text,
        "image": text,
        "exec": _TEXTS,
        "entrypoint": _TEXTS,
        "cmd": _TEXTS,
        "user": text,
        "env": _TEXT_MAP,
        "secrets": _SECRETS,
        "env_from": _ENV_FROM,
        "files": list_of(_FILE),
        "restart": _RESTART,
        "stop": _STOP,
        "depends_on": list_of(
            record({"name": text, "condition": one_of("", "exited_successfully", "healthy", "started")})
        ),
        "healthchecks": list_of(_CONTAINER_HEALTHCHECK),
        "mounts": list_of(record({"name": text, "path": text})),
    }
)
CONFIG = record(
    {
        "env": _TEXT_MAP,
        "init": record(
            {
                "exec": _TEXTS,
                "entrypoint": _TEXTS,
                "cmd": _TEXTS,
                "tty": flag,
                "swap_size_mb": whole,
                "kernel_args": _TEXTS,
            }
        ),
        "guest": _GUEST,
        "metadata": _TEXT_MAP,
        "mounts": list_of(_MOUNT),
        "services": list_of(_SERVICE),
        "metrics": record({"port": port, "path": text, "https": flag}),
        "checks": map_of(_CHECK),
        "statics": list_of(
            record({"guest_path": text, "url_prefix": text, "tigris_bucket": text, "index_document": text})
        ),
        "image": text,
        "files": list_of(_FILE),
        "schedule": one_of("", "hourly", "daily", "weekly", "monthly"),
        "auto_destroy": flag,
        "restart": _RESTART,
        "dns": _DNS,
        "processes": list_of(_PROCESS),
        "standbys": _TEXTS,
        "stop_config": _STOP,
        "containers": list_of(_CONTAINER),
        "volumes": list_of(
            record(
                {
                    "name": text,
                    "image": text,
                    "temp_dir": record({"storage_type": one_of("", "disk", "memory"), "size_mb": count}),
                }
            )
        ),
        "rootfs": record({"persist": _PERSIST, "size_gb": count, "fs_size_gb": count}),
        "cache_drive": record({"size_mb": count}),
        "spot": record({"max_price_fraction": number}),
        "size": text,
        "disable_machine_autostart": flag,
    }
)
#: A request to create or update a machine, all but its config.
REQUEST = record(
    {
        "name": text,
        "region": text,
        "skip_launch": flag,
        "skip_service_registration": flag,
        "skip_secrets": flag,
        "min_secrets_version": count,
        "lease_ttl": whole,
        "current_version": text,
    }
)
