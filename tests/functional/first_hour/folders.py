"""Folders as people have them before they have heard of flyo."""

from __future__ import annotations

from pathlib import Path

FLASK = {
    "requirements.txt": "flask\ngunicorn\n",
    "app.py": """from flask import Flask

app = Flask(__name__)


@app.get("/")
def home():
    return "a shop in flask\\n"
""",
}
DJANGO = {
    "requirements.txt": "django\ngunicorn\n",
    "manage.py": """import os
import sys

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)
""",
    "shop/__init__.py": "",
    "shop/settings.py": """import os

SECRET_KEY = os.environ["SECRET_KEY"]
ALLOWED_HOSTS = ["*"]
ROOT_URLCONF = "shop.urls"
INSTALLED_APPS = []
MIDDLEWARE = []
""",
    "shop/urls.py": """from django.http import HttpResponse
from django.urls import path

urlpatterns = [path("", lambda request: HttpResponse("a shop in django\\n"))]
""",
    "shop/wsgi.py": """import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")
application = get_wsgi_application()
""",
}
EXPRESS = {
    "package.json": """{
  "name": "shop",
  "version": "1.0.0",
  "scripts": { "start": "node index.js" },
  "dependencies": { "express": "^4.19.2" }
}
""",
    "index.js": """const express = require("express");
const app = express();
app.get("/", (request, response) => response.send("a shop in express\\n"));
app.listen(process.env.PORT || 3000);
""",
}
GO = {
    "go.mod": "module example.com/shop\n\ngo 1.21\n",
    "main.go": """package main

import (
	"fmt"
	"net/http"
	"os"
)

func main() {
	http.HandleFunc("/", func(answer http.ResponseWriter, request *http.Request) {
		fmt.Fprintln(answer, "a shop in go")
	})
	port := os.Getenv("PORT")
	if port == "" {
		port = "8080"
	}
	if err := http.ListenAndServe(":"+port, nil); err != nil {
		panic(err)
	}
}
""",
}
FASTAPI = {
    "requirements.txt": "fastapi\nuvicorn\n",
    "main.py": """from fastapi import FastAPI
from fastapi.responses import PlainTextResponse

app = FastAPI()


@app.get("/", response_class=PlainTextResponse)
def home() -> str:
    return "a shop in fastapi\\n"
""",
}
STATIC = {"index.html": "a shop in static\n"}
NEXT = {
    "package.json": """{
  "name": "shop",
  "scripts": { "dev": "next dev", "build": "next build", "start": "next start" },
  "dependencies": { "next": "^15", "react": "^19", "react-dom": "^19" }
}
""",
    "next.config.mjs": "export default {};\n",
    "app/route.js": """export const dynamic = "force-dynamic";

export function GET() {
  return new Response("a shop in next\\n");
}
""",
}
STANDALONE = NEXT | {
    "next.config.mjs": "export default { output: 'standalone' };\n",
    "app/route.js": NEXT["app/route.js"].replace("in next", "in standalone"),
}
FOLDERS = {"flask": FLASK, "django": DJANGO, "express": EXPRESS, "go": GO, "fastapi": FASTAPI, "static": STATIC}
# Large: what each needs is fetched and built for minutes.
LARGE = {"next": NEXT, "standalone": STANDALONE}


def make(name: str, place: Path) -> Path:
    """One of them; a directory of that name below `place`."""
    folder = place / f"{name}-shop"
    for path, text in (FOLDERS | LARGE)[name].items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, "utf-8")
    return folder
