#!/bin/sh
# Before the package is removed: stops the tracker, if it is a service here.
set -e
if [ "$1" = remove ] && [ -d /run/systemd/system ]; then
  deb-systemd-invoke stop centralizedp2p-tracker.service >/dev/null || true
fi
