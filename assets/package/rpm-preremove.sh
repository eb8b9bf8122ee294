#!/bin/sh
# Before the package is removed: stops the tracker and the peers that are services here.
if [ "$1" = 0 ] && [ -d /run/systemd/system ]; then
  systemctl --no-reload disable --now centralizedp2p-tracker.service >/dev/null 2>&1 || true
  for user in $(systemctl --plain --no-legend list-units 'user@*.service' | sed -n 's/^user@\([0-9]*\)\.service.*/\1/p'); do
    systemctl --user --machine "$user@.host" stop centralizedp2p.service >/dev/null 2>&1 || true
  done
fi
