#!/usr/bin/python3
"""What a desktop offers on its session bus: a tray (StatusNotifierWatcher) and
notifications. Each thing that a program tells them is a line of JSON on stdout.

usage: desktop_services.py            serve until the end
       desktop_services.py choose X   choose the entry X in the menu of the icon in the tray"""
import json
import sys

import dbus
import dbus.mainloop.glib
import dbus.service
from gi.repository import GLib

WATCHER, NOTES = 'org.kde.StatusNotifierWatcher', 'org.freedesktop.Notifications'


def say(kind, **what):
    print(json.dumps({'kind': kind, **what}), flush=True)


class Watcher(dbus.service.Object):
    @dbus.service.method(WATCHER, in_signature='s', sender_keyword='sender')
    def RegisterStatusNotifierItem(self, item, sender=None):
        say('icon', item=item, sender=sender)


class Notes(dbus.service.Object):
    count = 0

    @dbus.service.method(NOTES, in_signature='susssasa{sv}i', out_signature='u')
    def Notify(self, app, replaces, icon, title, body, actions, hints, timeout):
        say('notification', title=title, body=body)
        self.count += 1
        return dbus.UInt32(self.count)

    @dbus.service.method(NOTES, out_signature='ssss')
    def GetServerInformation(self):
        return 'desk', 'desk', '1', '1.2'


def choose(bus, entry):
    for name in bus.list_names():
        if not name.startswith('org.kde.StatusNotifierItem-'):
            continue
        menu = dbus.Interface(bus.get_object(name, '/StatusNotifierItem/menu'), 'com.canonical.dbusmenu')
        _, (_, _, children) = menu.GetLayout(0, -1, [])
        for number, properties, _ in children:
            if properties.get('label', '') == entry:
                menu.Event(number, 'clicked', '', dbus.UInt32(0))
                return
    sys.exit(f'the tray has no {entry}')


dbus.mainloop.glib.DBusGMainLoop(set_as_default=True)
bus = dbus.SessionBus()
if sys.argv[1:2] == ['choose']:
    choose(bus, sys.argv[2])
else:
    names = [dbus.service.BusName(name, bus) for name in (WATCHER, NOTES)]
    kept = [Watcher(bus, '/StatusNotifierWatcher'), Notes(bus, '/org/freedesktop/Notifications')]
    say('ready')
    GLib.MainLoop().run()
