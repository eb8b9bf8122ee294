#!/usr/bin/python3
"""A player of films for the tests of the window: takes a list with one address, reads
the film's end and then all of it by Range, as players do, and writes what it got.

usage: player.py FOLDER LIST     FOLDER gets the film, and said.json: its address, and the answers
"""
import json
import os
import sys
import urllib.parse
import urllib.request

folder, playlist = sys.argv[1], sys.argv[2]
if playlist.startswith('file:'):
    playlist = urllib.parse.unquote(urllib.parse.urlparse(playlist).path)
address = next(line.strip() for line in open(playlist) if not line.startswith('#'))


def part(first, last=''):
    request = urllib.request.Request(address, headers={'Range': f'bytes={first}-{last}'})
    with urllib.request.urlopen(request, timeout=120) as answer:
        return answer.status, answer.headers['Content-Range'], answer.read()


status, where, _ = part(0, 1)
size = int(where.split('/')[1])
_, _, tail = part(size - 1000)
_, _, whole = part(0)
with open(f'{folder}/film', 'wb') as f:
    f.write(whole)
with open(f'{folder}/said.part', 'w') as f:
    json.dump({'address': address, 'status': status, 'size': size, 'tail': whole[-1000:] == tail}, f)
os.rename(f'{folder}/said.part', f'{folder}/said.json')
