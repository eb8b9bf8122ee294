#!/usr/bin/python3
"""Asks a window to close, as its close button does (WM_DELETE_WINDOW).
usage: xclose.py WINDOW"""
import sys
from Xlib import X, display
from Xlib.protocol import event

d = display.Display()
window = d.create_resource_object('window', int(sys.argv[1], 0))
window.send_event(event.ClientMessage(window=window, client_type=d.intern_atom('WM_PROTOCOLS'),
                                      data=(32, [d.intern_atom('WM_DELETE_WINDOW'), X.CurrentTime, 0, 0, 0])))
d.flush()
d.sync()
