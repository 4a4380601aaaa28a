#!/bin/sh
set -e
if [ -d /run/systemd/system ]; then
  systemctl daemon-reload
  # An upgrade: serve with the new program. Running answers end first.
  systemctl try-restart cursor-api.service
fi
if [ "$1" = configure ] && [ -z "$2" ]; then
  cat <<'END'
cursor-api is installed. It listens on this machine alone, at port 3000.

  sudoedit /etc/cursor-api/cursor-api.env          # AUTH_TOKEN=<the output of openssl rand -hex 24>
  sudo systemctl enable --now cursor-api

Then add a key or a token in the console, http://127.0.0.1:3000/console, with that AUTH_TOKEN.
END
fi
