# Three stages: the first one is what both others begin with, the second one installs, the third one is what runs.
# Compilers, caches and pip stay behind.
#
# The digest names one image for every platform and stays behind the tag, which moves with every fix of Debian's. To
# take a newer one: `docker buildx imagetools inspect python:3.13-slim-bookworm` says version and digest.

FROM python:3.13.16-slim-bookworm@sha256:a1165e272e578941b84abc79e4ab38a0305cd12803a5c4247979ac7655f4d641 AS base

FROM base AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN python -m venv --without-pip /venv
# The list of dependencies alone, so that this slow layer is only built again when the list changes. Each is one version
# whose files have known hashes.
COPY habit_app/requirements.lock .
RUN pip --python /venv/bin/python install --require-hashes --only-binary :all: -r requirements.lock

FROM base
# Logs appear at once. The virtual environment must have the same path as in the stage before.
ENV PYTHONUNBUFFERED=1 PATH="/venv/bin:$PATH"
WORKDIR /app
COPY --from=build /venv /venv
COPY habit_app ./habit_app
# Nothing here installs anything any more. Compiled now, the app starts faster later. The user below owns one directory
# and nothing else.
RUN /usr/local/bin/python -m pip uninstall --yes --quiet pip && rm -rf /usr/local/lib/python3.13/ensurepip \
  && python -m compileall -q habit_app && install -d -o 10001 -g 10001 instance
USER 10001:10001
EXPOSE 8080
# A list, not a line: a shell in between would swallow the signal that asks the app to finish its work.
CMD ["gunicorn", "-c", "habit_app/gunicorn_conf.py", "habit_app.wsgi:app"]
