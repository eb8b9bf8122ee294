#!/bin/sh
# Before the package is removed: stops the tracker and the peers that are services here.
set -e
if [ "$1" = remove ] && [ -d /run/systemd/system ]; then
  deb-systemd-invoke stop centralizedp2p-tracker.service >/dev/null || true
  deb-systemd-invoke --user stop centralizedp2p.service >/dev/null || true
fi
