"""What is found, wished for, looked at before it is complete, and handed to a browser."""
import filecmp
import io
import json
import os
import subprocess
import urllib.error
import urllib.request

from desk import PRIMARY, eventually, largest
from people import Pair
from PIL import Image
from town import expect

HERE = os.path.dirname(os.path.realpath(__file__))


def shared_by(pair, who, *paths):
    """Has somebody without a window share files, and returns what does it."""
    house = pair.house
    log, profile = house.path(f'{who}.out'), house.path(who, 'profile')
    subprocess.run([house.program, '--profile', profile, 'settings', f'name={who.title()}'], check=True, capture_output=True)
    with open(log, 'wb') as out:
        process = house.start(who, [house.program, '--profile', profile, '--tracker', pair.tracker.link, '--json', 'share', *paths],
                              stdout=out)
    eventually(f'{who} shares', lambda: open(log).read().count('"shared"') >= len(paths))
    return process


def search(bob, words):
    bob.key('ctrl+f', 'ctrl+a')
    bob.type(words)


def finding(house):
    """The best match first, filters, a word corrected, and a wish that comes true."""
    pair = Pair(house, 'bob')
    bob = pair.bob
    best = ['harbour.txt', 'harbour morning.txt', 'quiet harbour evening.txt']
    paths = [house.write('files', name, size=1000 + i) for i, name in enumerate(reversed(best))]
    shared_by(pair, 'dora', *paths, house.write('files', 'harbour film.mkv', size=2_000_000))
    shared_by(pair, 'emma', house.write('files', 'harbour lights.txt', size=1000))
    search(bob, 'harbour')
    bob.reads('5 results')
    places = [bob.reads(last)[0].y for last in ('harbour.txt', 'morning.txt', 'evening.txt')]
    expect(places == sorted(places), f'the best match is not first: {places}')

    bob.choose('Any size', 2)
    bob.reads('1 MB to 100 MB')
    bob.reads_not('morning.txt')
    bob.reads('harbour film.mkv')
    bob.choose('1 MB to 100 MB', 0)
    bob.reads('5 results')
    bob.choose('All types', 4)
    bob.reads('4 results')
    bob.choose('Any time', 1)
    bob.reads('Last 24 hours')
    bob.reads('4 results')
    bob.choose('Last 24 hours', 0)
    bob.reads('Any time')
    eventually('Dora can be chosen', lambda: bob.choose('From anyone', 1) or not bob.find('From anyone'), every=1)  # she came while the page was shown
    bob.reads('3 results')
    bob.reads_not('harbour lights.txt')
    search(bob, 'harbour film')
    bob.reads('No results')
    bob.press()  # clears the search, and the filters
    bob.reads('From anyone')
    bob.reads('All types')

    search(bob, 'harbuor')
    bob.reads('No results')
    bob.reads('Clear the search')  # is not the primary button, which cannot be read: that one corrects the word
    bob.press()
    bob.reads('5 results')
    bob.reads('In order')  # how the words match

    search(bob, 'unicorn')
    bob.reads('No results')
    bob.click('Tell me when something new matches')
    bob.reads('You are told when')
    shared_by(pair, 'fred', house.write('files', 'unicorn in the garden.txt', size=5000))
    bob.reads('1 new result for your wishes')
    told = eventually('the desktop is told', lambda: [n for n in bob.heard('notification') if 'wish' in n['title']])
    expect('unicorn in the garden.txt' in told[0]['body'], told)


def plays(bob):
    """Registers a player for films as a program of the desktop, and returns where it writes."""
    folder = os.path.dirname(bob.house.path('player', 'x'))
    kinds = ['application/vnd.apple.mpegurl', 'audio/x-mpegurl', 'text/plain']  # without a desktop, xdg-open takes lists for texts
    os.makedirs(f'{bob.home}/.local/share/applications', exist_ok=True)
    with open(f'{bob.home}/.local/share/applications/player.desktop', 'w') as f:
        f.write(f'[Desktop Entry]\nType=Application\nName=Player\nExec={HERE}/player.py {folder} %f\nMimeType={";".join(kinds)};\n')
    os.makedirs(f'{bob.home}/.config', exist_ok=True)
    with open(f'{bob.home}/.config/mimeapps.list', 'w') as f:
        f.write('[Default Applications]\n' + ''.join(f'{kind}=player.desktop\n' for kind in kinds))
    return folder


PINK = (230, 20, 140)


def looking(house):
    """A film is played before it is complete, and a picture is seen in its row."""
    pair = Pair(house, 'bob')
    bob = pair.bob
    film, picture = house.write('files', 'slow film.mkv', size=60_000_000), house.path('files', 'flowers.png')
    Image.new('RGB', (800, 600), PINK).save(picture)
    shared_by(pair, 'dora', film, picture)
    player = plays(bob)
    bob.command('limit', '--down', '500kB')
    search(bob, 'slow film')
    bob.reads('slow film.mkv')
    bob.key('Down', 'Return', 'ctrl+3')
    bob.reads('slow film.mkv')
    bob.key('Home', 'Return')
    bob.reads('Opening the preview')
    there = f'{bob.home}/Downloads/slow film.mkv'
    expect(not os.path.exists(there), 'the film was complete before it was looked at')
    bob.command('limit', '--down', '0')
    said = eventually('the film was played', lambda: os.path.exists(f'{player}/said.json') and json.load(open(f'{player}/said.json')))
    expect(said['status'] == 206 and said['tail'] and said['address'].startswith('http://127.0.0.1:'), said)
    expect(filecmp.cmp(film, f'{player}/film', shallow=False), 'another film was played')
    eventually('the film is here', lambda: os.path.exists(there))

    search(bob, 'flowers')
    bob.reads('flowers.png')
    bob.key('Down', 'Return', 'ctrl+3')
    bob.reads('flowers.png')
    eventually('the row has a picture', lambda: pixels(bob, PINK) > 400)


def pixels(desk, colour):
    """How many pixels of the window are almost of a colour."""
    image = Image.open(io.BytesIO(desk.shot('ppm:-'))).convert('RGB')
    return sum(n for n, c in image.getcolors(1 << 24) if max(abs(a - b) for a, b in zip(c, colour)) < 12)


def fetched(url):
    """What a browser gets; None if nobody answers, or it is told that the link has ended."""
    try:
        with urllib.request.urlopen(url, timeout=20) as answer:
            return answer.read()
    except (urllib.error.URLError, ConnectionError):
        return None


def phone(house):
    """A share is handed to a browser; the page ends with its sheet, after the last download, or in time."""
    pair = Pair(house, 'alice')
    alice = pair.alice
    path = house.write('files', 'summer plans.txt', size=700_000)
    expect('"shared"' in alice.command('--json', 'share', '--detach', path).stdout, 'it is not shared')
    content = open(path, 'rb').read()

    def opened(before=None):
        alice.key('ctrl+5')
        alice.reads('summer plans.txt')
        alice.key('Home', 'shift+F10')
        alice.click('Send to a phone')
        alice.reads('Scan the code')
        alice.reads('No complete downloads yet')
        alice.press()
        return eventually('the link is copied', lambda: (now := alice.copied()) != before and now)

    url = opened()
    page = fetched(url)
    expect(page and b'summer plans.txt' in page, 'the page does not name the file')
    expect(fetched(url + 'download') == content, 'the browser gets something else')
    alice.reads('complete download so far')  # one
    alice.key('Escape')
    eventually('the page ends with its sheet', lambda: fetched(url) is None)

    url = opened(url)
    alice.choose('Any number of downloads', 1)
    alice.reads_not('Any number of downloads')
    expect(fetched(url + 'download') == content, 'the browser gets something else')
    alice.reads('This link has ended')
    eventually('the page ends after the last download', lambda: fetched(url + 'download') is None)
    alice.key('Escape')

    url = opened(url)
    house.start('link', [house.program, '--profile', alice.profile, 'link', path, '--web', '--expires', '12s'], alice.env)  # the same page
    alice.reads('Ends in')
    expect(fetched(url), 'it has ended already')
    alice.reads('This link has ended')
    eventually('the page ends in time', lambda: fetched(url) is None)
    expect(not largest(alice.shot('ppm:-'), PRIMARY), 'an ended link can be copied')
    alice.key('Escape')
    alice.reads('2 times')  # the share counts what browsers got


APART = [finding, looking, phone]
