#!/bin/sh
set -eu
echo "starting in ${FLY_REGION:-nowhere}"
exec ./server "${PORT:-8080}"
