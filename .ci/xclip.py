#!/usr/bin/python3
"""The clipboard of an X11 screen.
usage: xclip.py            prints what is in it
       xclip.py TEXT       puts a text into it, and serves that until the end"""
import select
import sys
import time

from Xlib import X, Xatom, display
from Xlib.protocol import event

d = display.Display()
window = d.screen().root.create_window(-10, -10, 1, 1, 0, X.CopyFromParent, event_mask=X.PropertyChangeMask)
CLIPBOARD, UTF8, TARGETS, HERE = (d.intern_atom(name) for name in ('CLIPBOARD', 'UTF8_STRING', 'TARGETS', '_HERE'))


def read(patience=10):
    window.convert_selection(CLIPBOARD, UTF8, HERE, X.CurrentTime)
    d.flush()
    end = time.monotonic() + patience
    while time.monotonic() < end:
        if not d.pending_events():
            select.select([d.fileno()], [], [], 0.1)
            continue
        e = d.next_event()
        if e.type == X.SelectionNotify:
            if e.property == X.NONE:
                break
            return bytes(window.get_full_property(HERE, X.AnyPropertyType).value).decode()
    sys.exit('the clipboard has no text')


def serve(text):
    window.set_selection_owner(CLIPBOARD, X.CurrentTime)
    d.flush()
    print('ready', flush=True)
    while True:
        e = d.next_event()
        if e.type != X.SelectionRequest:
            continue
        answer = e.property or e.target
        if e.target == UTF8 or e.target == Xatom.STRING:
            e.requestor.change_property(answer, e.target, 8, text.encode())
        elif e.target == TARGETS:
            e.requestor.change_property(answer, Xatom.ATOM, 32, [UTF8, Xatom.STRING, TARGETS])
        else:
            answer = X.NONE
        e.requestor.send_event(event.SelectionNotify(time=e.time, requestor=e.requestor, selection=e.selection, target=e.target, property=answer))
        d.flush()


if len(sys.argv) > 1:
    serve(sys.argv[1])
else:
    print(read(), end='')
