#!/bin/sh
set -e
if [ -d /run/systemd/system ]; then
  systemctl daemon-reload
fi
if [ "$1" = purge ]; then
  # The token files and the request log. The second is where systemd keeps it, the first a link to it.
  rm -rf /var/lib/cursor-api /var/lib/private/cursor-api /etc/cursor-api
fi
