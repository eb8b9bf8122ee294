#!/usr/bin/python3
"""Waits until something is drawn in a window that the window manager shows: until
its picture has three colours. It asks the server itself, every few milliseconds:
programs that take pictures need longer than a window to start. It prints a line when
it looks, and one when it has seen that.
usage: xdrawn.py SECONDS"""
import sys
import time

from Xlib import X, Xatom, display, error

d = display.Display()
root, listed = d.screen().root, d.intern_atom('_NET_CLIENT_LIST')


def drawn(window):
    """Whether the middle line and the left edge of a window have three colours."""
    size = window.get_geometry()
    colours = set()
    for x, y, w, h in ((0, size.height // 2, size.width, 1), (20, 0, 1, size.height)):
        picture = bytes(window.get_image(x, y, w, h, X.ZPixmap, 0xFFFFFFFF).data)
        colours |= {picture[i:i + 3] for i in range(0, len(picture), 4)}
    return len(colours) > 2


print('looking', flush=True)
deadline = time.monotonic() + float(sys.argv[1])
while time.monotonic() < deadline:
    windows = root.get_full_property(listed, Xatom.WINDOW)
    try:
        if windows and any(drawn(d.create_resource_object('window', w)) for w in windows.value):
            print('drawn', flush=True)
            sys.exit()
    except (error.BadMatch, error.BadDrawable, error.BadWindow):
        pass  # it is not shown yet
    time.sleep(0.005)
sys.exit('nothing was drawn')
