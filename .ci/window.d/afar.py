"""Peers on other computers, which the window drives."""
import filecmp
import json
import os
import signal
import subprocess

from desk import Desk, eventually, plain
from town import expect, network


class Serve:
    """A peer without a window that other computers drive, in a process of its own."""

    def __init__(self, house, tracker, name):
        self.house, self.name = house, name
        self.profile, self.saved, self.store = house.path(name, 'profile'), house.path(name, 'saved', ''), house.path(name, 'store', '')
        self.args = ['--tracker', tracker.link, 'serve', '--name', name, '--download-to', self.saved, '--allow', self.store, '--json', '--control']
        self.control = '127.0.0.1:0'
        self.start()

    def start(self):
        self.process = self.house.start(self.name, [self.house.program, '--profile', self.profile, *self.args, self.control],
                                        stdout=subprocess.PIPE, text=True)
        self.control = json.loads(self.process.stdout.readline())['control']

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def run(self, *args):
        """Runs a command with the profile of the peer, and returns what it says."""
        done = subprocess.run([self.house.program, '--profile', self.profile, *args, '--json'], capture_output=True, text=True, timeout=60)
        expect(done.returncode == 0, f'{self.name}: {args}: {done.stderr}')
        return [json.loads(line) for line in done.stdout.splitlines()]

    def download(self, name):
        """The download with a name; None if there is none."""
        return next((d for d in self.run('list') if d['name'] == name), None)

    def until(self, name, is_so):
        """Waits until something is so of a download, and returns it."""
        def look():
            d = self.download(name)
            return d and is_so(d) and d
        return eventually(f'{self.name}: {name} is as it should be', look)


class Chair:
    """Bob's window, and which peer it drives."""

    def __init__(self, house, tracker):
        self.bob = Desk(house, 'bob')
        self.bob.command('--tracker', tracker.link, 'search', 'nothing')
        self.bob.started_before()
        self.paired = set()
        self.open()

    def open(self):
        self.bob.open()
        self.bob.reads('Connected to Attic')
        self.at = 'This computer'

    def drive(self, peer):
        """Has the window drive a peer, and pairs it the first time."""
        bob = self.bob
        bob.key('ctrl+3')  # the menu must be the only place that names the peer
        bob.reads('Downloads', nth=1)
        bob.click(self.at)
        if peer.name in self.paired:
            bob.click(peer.name)
        else:
            code = peer.run('serve', 'pair')[0]['code']
            bob.click('Add another computer')
            bob.reads('shows a code')
            for text, key in ((peer.name, 'Tab'), (peer.control, 'Tab'), (code.lower(), 'Return')):
                bob.type(text)
                bob.key(key)
            bob.reads_not('shows a code')
            self.paired.add(peer.name)
        self.at = peer.name
        bob.reads(peer.name)
        bob.reads('Connected to Attic')
        bob.key('ctrl+3')

    def choose(self, row, *entries):
        """Opens the menu of a row, and chooses in it."""
        self.bob.click(row, button=3)
        for entry in entries:
            self.bob.click(entry)


def same(a, b):
    """Whether two folders hold the same bytes under the same names."""
    names = lambda top: sorted(os.path.relpath(os.path.join(at, f), top) for at, _, files in os.walk(top) for f in files)
    expect(names(a) == names(b) and names(a), f'{a} has {names(a)}, {b} has {names(b)}')
    _, other, failed = filecmp.cmpfiles(a, b, names(a), shallow=False)
    expect(not other and not failed, f'{other} and {failed} are others')


NAME = 'Holidays in Norway'


def afar(house):
    """One window drives two peers on other computers: what is dropped on one is downloaded by the other."""
    network(lan=False)
    tracker = house.tracker()
    garage, cellar = Serve(house, tracker, 'garage'), Serve(house, tracker, 'cellar')
    chair = Chair(house, tracker)
    bob = chair.bob

    for i in range(40):
        house.write('files', NAME, f'day {i % 3}', f'Ünï {i}.jpg', size=2_000_000)
    holidays = house.path('files', NAME)
    chair.drive(garage)
    bob.drop(holidays)
    bob.reads('Share these?')
    bob.press()
    eventually('garage shares it', lambda: any(s['name'] == NAME and s['state'] == 'shared' for s in garage.run('shares')))
    same(holidays, f'{garage.saved}/{NAME}')

    cellar.run('limit', '--down', '60kB')  # it takes twenty minutes, until the story lets it go
    chair.drive(cellar)
    bob.key('ctrl+f')
    bob.type('norway')  # no other word of the window
    bob.reads('1 result')
    bob.key('Down', 'Return')
    bob.reads('40 of 40 files chosen')
    bob.click('Download', nth=-1)
    bob.key('ctrl+3')
    cellar.until(NAME, lambda d: d['done'] > 0)

    bob.click('Holidays')
    bob.key('space')
    cellar.until(NAME, lambda d: d['state'] == 'paused')
    chair.choose('Holidays', 'Download limit', '500 kB/s')
    cellar.until(NAME, lambda d: d.get('limit') == 500_000)
    chair.choose('Holidays', 'Resume')
    cellar.until(NAME, lambda d: d['state'] == 'downloading')
    bob.reads('1 running')
    cellar.run('pause', NAME)
    bob.reads('1 paused')
    cellar.run('limit', NAME, '--down', '0')
    cellar.run('resume', NAME)
    bob.reads('1 running')

    cellar.kill()
    bob.reads('cannot be reached')
    bob.process.kill()
    bob.ended()
    garage.kill()
    cellar.start()
    chair.open()
    garage.start()
    chair.drive(cellar)
    bob.reads('Holidays')
    cellar.run('limit', '--down', '0')
    cellar.until(NAME, lambda d: d['state'] == 'finished')
    same(holidays, f'{cellar.saved}/{NAME}')

    bob.reads('1 finished')
    chair.choose('Holidays', 'Move to another folder')
    store = eventually('the store can be chosen', lambda: next((w for w in bob.words() if plain(w.text).endswith(plain('cellar/store'))), None))
    bob.click_at(store.x + store.w / 2, store.y + store.h / 2)
    bob.press()
    cellar.until(NAME, lambda d: d['state'] == 'finished' and d['path'] == f'{cellar.store}{NAME}')
    same(holidays, f'{cellar.store}{NAME}')
    cellar.run('move', NAME, '--to', cellar.saved)
    cellar.until(NAME, lambda d: d['state'] == 'finished' and d['path'] == f'{cellar.saved}{NAME}')
    same(holidays, f'{cellar.saved}{NAME}')

    bob.click('Holidays')
    bob.key('Delete')
    bob.reads('1 download removed')
    eventually('it is removed', lambda: not cellar.run('list'))
    same(holidays, f'{cellar.saved}{NAME}')
    cellar.run('get', NAME, '--to', f'{cellar.saved}again')
    bob.reads('1 finished')
    same(holidays, f'{cellar.saved}again/{NAME}')
    cellar.run('remove', '--all', '--with-files')
    bob.reads('Nothing is downloading yet')
    expect(not os.path.exists(f'{cellar.saved}again/{NAME}'), 'the files are there still')
    same(holidays, f'{garage.saved}/{NAME}')


APART = [afar]
