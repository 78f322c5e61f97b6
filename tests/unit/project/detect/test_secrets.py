"""Secrets that an app's code and its sample of a .env ask for, by name."""

from __future__ import annotations

import pytest

from flyctl_orchestrator.project.detect.detected import Sources
from flyctl_orchestrator.project.detect.secrets import wanted_secrets

BOTH = ["API_TOKEN", "DB_PASSWORD"]


def asked(name: str, text: str) -> list[str]:
    return [secret.name for secret in wanted_secrets(Sources({name: text}, frozenset({name})))]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("app.py", "os.environ['API_TOKEN']; os.getenv(\"DB_PASSWORD\", '')"),
        ("app.py", "environ.get('API_TOKEN'); environ.setdefault('DB_PASSWORD', 'x')"),
        ("settings.py", "env = environ.Env()\nenv('API_TOKEN')\nenv.str(\n    'DB_PASSWORD')"),
        ("settings.py", "config('API_TOKEN'); config('DB_PASSWORD', default='')"),
        ("index.js", "process.env.API_TOKEN + process.env['DB_PASSWORD']"),
        ("index.js", "process.env?.API_TOKEN; process.env?.[`DB_PASSWORD`]"),
        ("page.tsx", "const { PORT, API_TOKEN, DB_PASSWORD: password = '' } = process.env;"),
        ("server.ts", "Bun.env.API_TOKEN; Deno.env.get('DB_PASSWORD')"),
        ("main.go", 'os.Getenv("API_TOKEN"); value, set := os.LookupEnv(`DB_PASSWORD`)'),
        ("app.rb", "ENV['API_TOKEN']; ENV.fetch('DB_PASSWORD') { raise }"),
        ("main.rs", 'env::var("API_TOKEN")?; std::env::var_os("DB_PASSWORD")'),
        ("runtime.exs", 'System.get_env("API_TOKEN"); System.fetch_env!("DB_PASSWORD")'),
        ("app.php", "env('API_TOKEN'); getenv('DB_PASSWORD')"),
        (".env.example", "API_TOKEN=\nexport DB_PASSWORD=x\nDEBUG=1\n"),
    ],
)
def test_every_way_to_ask_for_a_variable_is_seen(name: str, text: str) -> None:
    assert asked(name, text) == BOTH


@pytest.mark.parametrize(
    "secret",
    [
        "API_KEY",
        "APIKEY",
        "SENDGRID_APIKEY",
        "API_TOKENS",
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "DB_PASS",
        "DBPASSWORD",
        "SMTP_PWD",
        "GITHUB_PAT",
        "MAILER_PASSPHRASE",
        "PASSWORD",
        "TOKEN",
        "SENTRY_DSN",
        "STRIPE_WEBHOOK_SECRET",
        "GOOGLE_CREDENTIALS",
        "DATABASE_URL",
        "SECRET_KEY_BASE",
        "ENCRYPTION_KEY",
    ],
)
def test_what_is_called_like_a_secret_is_one(secret: str) -> None:
    assert asked(".env.sample", f"{secret}=\n") == [secret]


@pytest.mark.parametrize(
    "setting",
    [
        "PORT",
        "DEBUG",
        "ACCESS_TOKEN_EXPIRE_MINUTES",
        "TOKEN_TTL",
        "PASSWORD_MIN_LENGTH",
        "TOKEN_URL",
        "DB_PASSWORD_FILE",
        "JWT_TOKEN_ISSUER",
        "NEXT_PUBLIC_API_KEY",
        "STRIPE_PUBLISHABLE_KEY",
        "VAPID_PUBLIC_KEY",
        "VITE_API_KEY",
        "PASS_THROUGH",
        "COMPASS",
        "KEYBOARD",
        "MONKEY",
        "FLY_API_TOKEN",
        "SECRET_KEY_FALLBACKS",
        "PASSWORDLESS",
    ],
)
def test_settings_about_secrets_are_none(setting: str) -> None:
    assert asked(".env.sample", f"{setting}=\n") == []
