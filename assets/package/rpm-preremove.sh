#!/bin/sh
# Before the package is removed: stops the tracker, if it is a service here.
if [ "$1" = 0 ] && [ -d /run/systemd/system ]; then
  systemctl --no-reload disable --now centralizedp2p-tracker.service >/dev/null 2>&1 || true
fi
