"""What people do with people: the first file dropped on somebody, requests that wait,
and requests that nobody wants."""
import filecmp
import json
import os
import time

from desk import Desk, eventually
from town import crowd, expect, network


def hands(*desks):
    """What was done with the hands, on all desks together, and forgets it."""
    done = tuple(sum(getattr(d, what) for d in desks) for what in ('clicks', 'keys', 'drops'))
    for d in desks:
        d.forget_hands()
    return done


def arrived(path, there):
    """Waits until a file is where it should be, with the same bytes."""
    eventually(f'{os.path.basename(path)} has arrived', lambda: os.path.exists(there))
    expect(filecmp.cmp(path, there, shallow=False), f'{path} is another one')


def accepted(bob):
    """Bob accepts what the card on the first page says."""
    bob.reads('wants to send you something')
    bob.press()


def drop_on_the_other(alice, path):
    """Drops a file on the only other person: the first thing that says Online is the head of the page."""
    alice.drop(path, on='Online', nth=1)


def one_more(house, alice, bob, name):
    """From the second time on: one drop, one click."""
    letter = house.write('files', name, size=200_000)
    drop_on_the_other(alice, letter)
    accepted(bob)
    arrived(letter, f'{bob.home}/Downloads/{name}')
    expect(hands(alice, bob) == (1, 0, 1), 'it took more than one drop and one click')


def becomes_the_tracker(desk):
    """From the first start to a tracker of one's own, by the primary buttons."""
    desk.open()
    desk.reads('Welcome')
    desk.press()
    desk.reads('Choose a tracker')
    desk.press()
    desk.reads('Nobody else is here yet')


def newcomers(house):
    """Two fresh profiles on one network, to the first file dropped on a person and accepted."""
    network(lan=True)
    alice, bob = Desk(house, 'alice'), Desk(house, 'bob')
    becomes_the_tracker(alice)
    bob.open()
    bob.reads('Welcome')
    bob.press()
    bob.reads('Choose a tracker')
    bob.reads_not('Looking for trackers')  # the next step is to join the one that was found
    bob.press()
    first = house.write('files', 'first.txt', size=2_000_000)
    drop_on_the_other(alice, first)
    accepted(bob)
    arrived(first, f'{bob.home}/Downloads/first.txt')
    clicks, keys, drops = hands(alice, bob)
    print(f'  {clicks} clicks, {keys} keys, {drops} drop', flush=True)
    expect(clicks <= 6 and keys == 0 and drops == 1, 'at most 6 clicks and 1 drop')
    one_more(house, alice, bob, 'second.txt')
    for desk in (alice, bob):  # tomorrow
        desk.process.terminate()
        desk.ended()
    for desk in (alice, bob):
        desk.open()
    one_more(house, alice, bob, 'third.txt')


def invitation(house):
    """The same by an invite link, where nobody finds anybody on the network."""
    network(lan=False)
    alice, bob = Desk(house, 'alice'), Desk(house, 'bob')
    becomes_the_tracker(alice)
    alice.click('Invite people')
    alice.reads('Send this link')
    alice.press()
    link = eventually('the link is copied', alice.copied)
    expect(link.startswith('cp2p://'), link)
    alice.key('Escape')
    bob.copy(link)
    bob.open()
    bob.reads('Welcome')
    bob.key('ctrl+v')
    bob.reads('Online')
    first = house.write('files', 'first.txt', size=2_000_000)
    drop_on_the_other(alice, first)
    accepted(bob)
    arrived(first, f'{bob.home}/Downloads/first.txt')
    clicks, keys, drops = hands(alice, bob)
    print(f'  {clicks} clicks, {keys} keys, {drops} drop', flush=True)
    expect(clicks <= 7 and keys == 2 and drops == 1, 'at most 7 clicks, Esc, one paste and one drop')


class Pair:
    """A tracker, and Alice and Bob, or one of them, whose windows are open."""

    def __init__(self, house, *who):
        network(lan=False)
        self.house = house
        self.tracker = house.tracker()
        for name in who or ('alice', 'bob'):
            desk = Desk(house, name)
            setattr(self, name, desk)
            desk.command('settings', f'name={desk.who.title()}')
            desk.command('--tracker', self.tracker.link, 'search', 'nothing')
            desk.started_before()
            desk.open()
            desk.reads('Connected to Attic')

    def stop(self, desk):
        desk.process.terminate()
        desk.ended()


def offline(house):
    """A request to somebody who is offline is delivered after both were started again."""
    pair = Pair(house)
    alice, bob = pair.alice, pair.bob
    alice.reads('Bob')
    alice.click('Bob')
    alice.key('Escape')
    pair.stop(bob)
    alice.reads('Last seen')
    letter = house.write('files', 'letter.txt', size=300_000)
    alice.drop(letter, on='Bob')
    alice.reads('as soon as they are online')
    alice.click('Sent')
    alice.reads('letter.txt')
    alice.reads('Waiting for their answer')  # the tracker has it
    pair.stop(alice)
    bob.open()
    accepted(bob)  # while Alice is away
    bob.key('ctrl+3')
    bob.reads('letter.txt')
    pair.stop(bob)
    alice.open()
    alice.reads('Connected to Attic')
    bob.open()
    arrived(letter, f'{bob.home}/Downloads/letter.txt')
    alice.click('Sent')
    alice.reads('Delivered')


LIMIT = 20  # requests of strangers that wait for an answer


def pests(house):
    """10,000 requests with names as long and as wrong as they can be: the window stays calm."""
    pair = Pair(house)
    alice, bob = pair.alice, pair.bob
    said = [json.loads(line) for line in alice.command('people', '--json').stdout.splitlines()]
    to = next(p for p in said if p.get('name') == 'Bob')
    flood = crowd(house, 'requests', pair.tracker.link, to['peer_id'], 10_000)
    begun, before = time.monotonic(), bob.processor()
    waits = 'more requests wait for an answer'
    bob.reads(waits)
    slowest, looks = 0, 0
    while flood.poll() is None:
        for key, there in (('ctrl+7', 'Your name'), ('ctrl+1', waits)):
            asked = time.monotonic()
            bob.key(key)
            bob.reads(there, patience=30)
            slowest, looks = max(slowest, time.monotonic() - asked), looks + 1
    sent = json.loads(flood.stdout.readline())
    took = time.monotonic() - begun
    percent = 100 * (bob.processor() - before) / took
    print(f'  {sent} in {took:.0f} s: {percent:.0f} % of a core, {looks} looks, the slowest took {slowest:.1f} s', flush=True)
    expect(sent['sent'] == 10_000 and flood.wait() == 0, sent)
    expect(percent < 60, 'the window takes too much of the processor')
    expect(slowest < 10, 'the window is slow')
    time.sleep(3)  # what the tracker still had
    waiting = [r for r in map(json.loads, bob.command('inbox', '--json').stdout.splitlines()) if r.get('state') == 'waiting']
    expect(0 < len(waiting) <= LIMIT, f'{len(waiting)} requests wait')
    for r in waiting:
        for text in (r['name'], r.get('message', ''), *(item['name'] for item in r['items'])):
            expect(text.isprintable() and len(text.encode()) <= 1024, repr(text))
    bob.reads(f'{len(waiting) - 2} more requests wait for an answer')
    begun, before = time.monotonic(), bob.processor()
    time.sleep(10)
    idle = 100 * (bob.processor() - before) / (time.monotonic() - begun)
    print(f'  {len(waiting)} wait, {idle:.1f} % of a core afterwards', flush=True)
    expect(idle < 10, 'the window does not come to rest')


APART = [newcomers, invitation, offline, pests]
