"""A desktop to drive: a screen (Xvfb) with a window manager and a session bus,
the real program in it, and a person who reads the screen and uses pointer, keys
and drops. What is on the screen is read with tesseract; the program is not
asked."""
import csv
import hashlib
import io
import json
import os
import random
import re
import shutil
import signal
import subprocess
import tempfile
import time

from PIL import Image, ImageChops, ImageFilter

HERE = os.path.dirname(os.path.realpath(__file__))
PATIENCE = int(os.environ.get('PATIENCE', 120))  # seconds until something that should happen has failed


class Failed(Exception):
    """Something that a person should see did not happen."""


def eventually(what, is_so, patience=PATIENCE, every=0.2):
    """Waits until is_so() returns something true, and returns that."""
    deadline = time.monotonic() + patience
    while True:
        got = is_so()
        if got:
            return got
        if time.monotonic() > deadline:
            raise Failed(f'after {patience} s: {what}')
        time.sleep(every)


class House:
    """All processes and files of a run; leaving it ends and removes them."""

    def __init__(self, program, failures):
        self.program = os.path.realpath(program)
        self.failures = failures  # folder for pictures of what failed
        self.work = tempfile.mkdtemp(prefix='desk-')
        self.processes = []
        self.desks = []

    def __enter__(self):
        return self

    def __exit__(self, kind, error, _):
        if kind is not None:
            os.makedirs(self.failures, exist_ok=True)
            for desk in self.desks:
                desk.picture(f'{self.failures}/{desk.who}.png', root=True)
            for name in sorted(os.listdir(self.work)):
                if name.endswith('.log'):
                    with open(f'{self.work}/{name}', errors='replace') as log:
                        print(f'--- {name}\n{"".join(log.readlines()[-15:])}', flush=True)
            print(f'pictures of the screens: {self.failures}', flush=True)
        for process in reversed(self.processes):
            if process.poll() is None:
                process.terminate()
        for process in self.processes:
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        shutil.rmtree(self.work, ignore_errors=True)

    def start(self, name, args, env=None, **rest):
        log = open(f'{self.work}/{name}.log', 'ab')
        process = subprocess.Popen(args, env={**os.environ, **(env or {})}, stdin=subprocess.DEVNULL,
                                   stderr=log, stdout=rest.pop('stdout', log), **rest)
        self.processes.append(process)
        return process

    def path(self, *parts):
        path = os.path.join(self.work, *parts)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        return path

    def write(self, *parts, size=0, content=None):
        path = self.path(*parts)
        with open(path, 'wb') as f:
            f.write(os.urandom(size) if content is None else content)
        return path

    def tracker(self, name='Attic', address='127.0.0.1:0'):
        return Tracker(self, name, address)


class Tracker:
    """A tracker in a process of its own."""

    def __init__(self, house, name, address):
        self.house, self.name, self.address = house, name, address
        self.start()

    def start(self):
        out = self.house.path('tracker.out')
        with open(out, 'wb') as stdout:
            self.process = self.house.start('tracker', [
                self.house.program, 'tracker', '--json', '--name', self.name, '--listen', self.address,
                '--data', self.house.path('tracker', 'data')], stdout=stdout)
        line = eventually('the tracker listens', lambda: open(out).readline().endswith('\n') and open(out).readline())
        self.link = json.loads(line)['link']
        self.address = re.search(r'cp2p://([^/?]+)', self.link).group(1)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(30)


class Word:
    def __init__(self, row):
        self.text = row['text']
        self.x, self.y = int(row['left']) / Desk.SCALE, int(row['top']) / Desk.SCALE
        self.w, self.h = int(row['width']) / Desk.SCALE, int(row['height']) / Desk.SCALE

    def follows(self, other):
        return abs((self.y + self.h / 2) - (other.y + other.h / 2)) < 9 and -4 < self.x - (other.x + other.w) < 22


class Desk:
    """A person's screen with the program on it."""

    SCALE = 2  # tesseract reads text of the screen twice as large

    def __init__(self, house, who, screen='1280x900', services=True, language=None, look=None, size=None, drop_root=False):
        self.house, self.who = house, who
        self.home = house.path(who, 'home', '')
        self.profile = house.path(who, 'home', 'profile')
        os.makedirs(f'{self.home}/Downloads', exist_ok=True)
        self.env = {}
        self.seen, self.words_seen = None, []
        self.forget_hands()
        self.display = self.screen(screen)
        self.env = {'DISPLAY': self.display, 'HOME': self.home, 'XDG_CONFIG_HOME': '', 'XDG_CACHE_HOME': '', 'XDG_DATA_HOME': '',
                    'LC_ALL': {'de': 'de_DE.UTF-8'}.get(language, 'en_US.UTF-8'), 'LANGUAGE': '',
                    'FYNE_THEME': look or 'light', 'DBUS_SESSION_BUS_ADDRESS': 'unix:path=/nowhere'}
        self.manage_windows()
        if services:
            self.serve()
        if size:
            self.preferences({'window.width': float(size[0]), 'window.height': float(size[1])})
        # Root reads everything; without these it is like anybody else.
        self.prefix = []
        if drop_root and os.getuid() == 0:
            lost = '-dac_override,-dac_read_search'
            self.prefix = ['setpriv', '--bounding-set', lost, '--inh-caps', lost]
        house.desks.append(self)

    def screen(self, size):
        """Starts a screen. It picks its number at random: a server in another network cannot tell
        which are taken, and would take over the socket of another screen."""
        for _ in range(5):
            read, write = os.pipe()
            server = self.house.start(f'{self.who}-x', ['Xvfb', f':{random.randrange(100, 30_000)}', '-displayfd', str(write), '-screen', '0', size + 'x24',
                                                             '-nolisten', 'tcp', '-noreset'], pass_fds=[write])
            os.close(write)
            with os.fdopen(read) as pipe:
                display = ':' + pipe.readline().strip()
            time.sleep(0.3)
            if display != ':' and server.poll() is None and self.tool('xdpyinfo', '-display', display):
                return display
            server.terminate()
        raise Failed(f'{self.who} has no screen')

    def manage_windows(self):
        """Starts a window manager; on a busy computer it may give up at first."""
        for _ in range(5):
            manager = self.house.start(f'{self.who}-wm', ['openbox'], self.env)
            try:
                eventually('', lambda: 'window id' in self.tool('xprop', '-root', '_NET_SUPPORTING_WM_CHECK') or manager.poll() is not None, 30)
            except Failed:
                pass
            if manager.poll() is None:
                return
        raise Failed(f'{self.who} has no window manager')

    def serve(self):
        """Starts a session bus with a tray and a place for notifications."""
        address = self.house.path(f'{self.who}.bus')
        with open(address, 'wb') as out:
            self.house.start(f'{self.who}-bus', ['dbus-daemon', '--session', '--nofork', '--print-address=1'], self.env, stdout=out)
        self.env['DBUS_SESSION_BUS_ADDRESS'] = eventually('the session bus', lambda: open(address).read().strip())
        self.services = self.house.path(f'{self.who}.services')
        with open(self.services, 'wb') as out:
            self.house.start(f'{self.who}-services', ['/usr/bin/python3', f'{HERE}/desktop_services.py'], self.env, stdout=out)
        eventually('the services of the desktop', lambda: self.heard('ready'))

    def heard(self, kind):
        """What the program told the desktop: notifications, or icons in the tray."""
        with open(self.services) as lines:
            return [said for said in map(json.loads, filter(None, map(str.strip, lines))) if said['kind'] == kind]

    def choose_in_tray(self, entry):
        self.tool('/usr/bin/python3', f'{HERE}/desktop_services.py', 'choose', entry)

    def preferences(self, values):
        path = f'{self.home}/.config/fyne/org.centralizedp2p.desktop/preferences.json'
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, 'w') as f:
            json.dump(values, f)

    def tool(self, *args, check=False):
        done = subprocess.run([str(a) for a in args], env={**os.environ, **self.env}, capture_output=True, text=True, timeout=60)
        if check and done.returncode != 0:
            raise Failed(f'{args}: {done.stderr}')
        return done.stdout

    def command(self, *args):
        """Runs the program as a command and returns the finished process."""
        return subprocess.run([self.house.program, '--profile', self.profile, *args], env={**os.environ, **self.env},
                              capture_output=True, text=True, timeout=60)

    def launch(self, *args):
        self.process = self.house.start(self.who, [*self.prefix, self.house.program, '--profile', self.profile, *args], self.env)

    def open(self, *args):
        """Starts the program and waits for its window."""
        self.launch(*args)
        eventually(f'the window of {self.who}', self.find_window, every=0.05)

    def started_before(self):
        """Makes this not the first start, by skipping its questions."""
        self.open()
        for step in ('Step 1', 'Step 2'):
            self.reads(step)
            self.key('Escape')
        self.reads('Search by name')
        self.process.terminate()
        self.ended()

    def processor(self):
        """Seconds of a processor that the program has taken."""
        with open(f'/proc/{self.process.pid}/stat') as f:
            fields = f.read().rsplit(')', 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf('SC_CLK_TCK')

    def find_window(self):
        if self.process.poll() is not None:
            raise Failed(f'the program of {self.who} ended with {self.process.returncode}')
        ids = self.tool('xdotool', 'search', '--onlyvisible', '--name', '^CentralizedP2P$').split()
        self.window = ids[-1] if ids else None
        return self.window

    def visible(self):
        return self.find_window() is not None

    def picture_after(self):
        """Starts the program and returns the seconds until something is drawn in its window."""
        with subprocess.Popen(['/usr/bin/python3', f'{HERE}/xdrawn.py', str(PATIENCE)], env={**os.environ, **self.env}, stdout=subprocess.PIPE) as eyes:
            eyes.stdout.readline()  # they are open
            begun = time.monotonic()
            self.launch()
            drawn = eyes.stdout.readline()
            took = time.monotonic() - begun
        if not drawn:
            raise Failed(f'the window of {self.who} has no picture')
        self.find_window()
        return took

    # The eyes.

    def picture(self, path, root=False):
        self.tool('import', '-window', 'root' if root or not self.window else self.window, path)

    def shot(self, form):
        return subprocess.run(['import', '-window', self.window, '-depth', '8', form], env={**os.environ, **self.env},
                              capture_output=True, timeout=60).stdout

    def words(self, shot=None):
        """Everything that can be read in a picture of the window, else in the window now."""
        shot = shot or self.shot('pnm:-')
        fingerprint = hashlib.sha256(shot).digest()
        if fingerprint != self.seen:
            large = subprocess.run(['convert', 'pnm:-', '-colorspace', 'Gray', '-resize', f'{100 * self.SCALE}%', '-depth', '8', 'pnm:-'], input=shot, capture_output=True, timeout=60).stdout
            table = subprocess.run(['tesseract', 'stdin', 'stdout', '--psm', '11', '-l', 'eng', 'tsv'], input=large, capture_output=True,
                                   env={**os.environ, 'OMP_THREAD_LIMIT': '1'}, timeout=60).stdout.decode()
            rows = csv.DictReader(io.StringIO(table), delimiter='\t', quoting=csv.QUOTE_NONE)
            self.words_seen = sorted((Word(r) for r in rows if r['text'] and r['text'].strip()), key=lambda w: (w.y, w.x))
            self.seen = fingerprint
        return self.words_seen

    def find(self, text, nth=0, shot=None):
        """The words of the text where they stand one after the other."""
        wanted = plain(text)
        found = []
        words = self.words(shot)
        for first in words:
            chain, said = [first], plain(first.text)
            while said and said != wanted and wanted.startswith(said):
                follower = min((w for w in words if w not in chain and w.follows(chain[-1])), key=lambda w: w.x, default=None)
                if follower is None:
                    break
                chain.append(follower)
                said += plain(follower.text)
            if said == wanted:
                found.append(chain)
        return found[nth] if -len(found) <= nth < len(found) else None

    def reads(self, text, patience=PATIENCE, nth=0):
        try:
            return eventually('', lambda: self.find(text, nth), patience)
        except Failed:
            raise Failed(f'in {patience} s {self.who} does not read {text!r}, but: {self.all_text()}') from None

    def reads_not(self, text, patience=PATIENCE):
        eventually(f'{self.who} reads {text!r} no more', lambda: not self.find(text), patience)

    def all_text(self):
        return ' '.join(w.text for w in self.words_seen)

    # The hands. What a person would count is counted.

    def forget_hands(self):
        self.clicks, self.keys, self.drops = 0, 0, 0

    def x(self, *args):
        self.tool('xdotool', *args, check=True)

    def click(self, text, nth=0, times=1, button=1):
        chain = self.reads(text, nth=nth)
        x = (chain[0].x + chain[-1].x + chain[-1].w) / 2
        self.click_at(x, chain[0].y + chain[0].h / 2, times, button)

    def choose(self, shown, entry):
        """Opens the choice that shows a text, and takes an entry, counted from 0. What opens lies
        over other rows, so it cannot be read well."""
        chain = self.reads(shown)
        x, y = chain[0].x + chain[0].w / 2, chain[0].y + chain[0].h / 2
        self.click_at(x, y)
        self.click_at(x, y + 32 + 38 * entry)

    def press(self):
        """Presses the one primary button of the screen, which is the largest
        thing in the primary colour."""
        self.x('mousemove', '--window', self.window, 3, 60)  # under the pointer it has another colour
        x, y = eventually(f'{self.who} sees a primary button', lambda: largest(self.shot('ppm:-'), PRIMARY))
        self.click_at(x, y)

    def click_at(self, x, y, times=1, button=1):
        self.x('mousemove', '--window', self.window, int(x), int(y), 'click', '--repeat', times, '--delay', 80, button)
        self.clicks += times
        time.sleep(0.2)

    def wheel(self, clicks):
        self.x('mousemove', '--window', self.window, 400, 320)
        self.x('click', '--repeat', abs(clicks), '--delay', 10, 5 if clicks > 0 else 4)

    def key(self, *keys):
        self.x('key', *keys)
        self.keys += len(keys)
        time.sleep(0.25)

    def type(self, text):
        self.x('type', '--delay', 15, text)
        self.keys += len(text)
        time.sleep(0.25)

    def scrolled_to(self, name):
        """Shows the settings, scrolled until that name can be read."""
        self.key('ctrl+2', 'ctrl+comma')
        for _ in range(20):
            if self.find(name):
                break
            self.wheel(5)
            time.sleep(0.4)
        return self.reads(name)

    def setting(self, name, value):
        """Types a setting."""
        chain = self.scrolled_to(name)
        self.click_at(800, chain[0].y + chain[0].h / 2)
        self.key('ctrl+a', 'BackSpace')
        if value:
            self.type(str(value))
        self.key('Return')
        time.sleep(0.5)

    def drop(self, *paths, on=None, nth=0):
        """Drops files on a text that can be read, or on the middle of the window."""
        where = eventually(f'{self.who} sees {on}', lambda: self.find(on, nth))[0] if on else None
        size = dict(line.split('=') for line in self.tool('xdotool', 'getwindowgeometry', '--shell', self.window).split())
        x, y = (where.x + where.w / 2, where.y + where.h / 2) if on else (int(size['WIDTH']) / 2, int(size['HEIGHT']) / 2)
        self.x('mousemove', '--window', self.window, int(x), int(y))  # a person's pointer is where they drop
        at = dict(line.split('=') for line in self.tool('xdotool', 'getmouselocation', '--shell').split())
        self.tool('/usr/bin/python3', f'{HERE}/xdnd_drop.py', self.window, at['X'], at['Y'], *paths, check=True)
        self.drops += 1

    def copied(self):
        """What is in the clipboard; '' as long as nothing is."""
        return self.tool('/usr/bin/python3', f'{HERE}/xclip.py')

    def copy(self, text):
        """Has another program put a text into the clipboard."""
        out = self.house.path(f'{self.who}.clipboard')
        with open(out, 'wb') as stdout:
            self.house.start(f'{self.who}-clipboard', ['/usr/bin/python3', f'{HERE}/xclip.py', text], self.env, stdout=stdout)
        eventually('the clipboard has it', lambda: open(out).read().strip() == 'ready')

    def close(self):
        """The close button of the window."""
        self.tool('/usr/bin/python3', f'{HERE}/xclose.py', self.window, check=True)

    def ended(self):
        return self.process.wait(PATIENCE)


PRIMARY = (0x3D, 0x4A, 0xC6)  # of the light theme


def largest(picture, colour):
    """The middle of the largest area of a colour, that has the size of a
    button at least; None where there is none."""
    cell, least = 6, 40
    image = Image.open(io.BytesIO(picture)).convert('RGB')
    mask = ImageChops.difference(image, Image.new('RGB', image.size, colour)).convert('L').point(lambda v: 255 if v < 6 else 0)
    mask = mask.filter(ImageFilter.MaxFilter(5)).resize((image.width // cell, image.height // cell))
    todo = {(x, y) for y in range(mask.height) for x in range(mask.width) if mask.getpixel((x, y)) > 128}
    best = []
    while todo:
        area, edge = [], [todo.pop()]
        while edge:
            x, y = edge.pop()
            area.append((x, y))
            for near in ((x + 1, y), (x - 1, y), (x, y + 1), (x, y - 1)):
                if near in todo:
                    todo.remove(near)
                    edge.append(near)
        best = max(best, area, key=len)
    if len(best) < least:
        return None
    xs, ys = [x for x, _ in best], [y for _, y in best]
    return (min(xs) + max(xs) + 1) * cell / 2, (min(ys) + max(ys) + 1) * cell / 2


CONFUSED = str.maketrans({'l': '1', 'i': '1', '|': '1', '!': '1', 'o': '0', 'q': 'g'})


def plain(text):
    """Text as it is compared: tesseract takes some characters for others, and
    joins and parts words."""
    return re.sub(r'[^0-9a-z]', '', text.lower().translate(CONFUSED))
