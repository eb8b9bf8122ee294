"""Who the stories of the window are about."""
import fcntl
import json
import os
import struct
import subprocess

from desk import Desk, Failed

TOP = os.path.join(os.path.dirname(os.path.realpath(__file__)), '..', '..')


def expect(so, what):
    if not so:
        raise Failed(what)


def found(town, *words):
    """What somebody without a window finds on the tracker."""
    out = subprocess.run([town.house.program, '--profile', town.house.path('eyes', 'profile'), '--tracker', town.tracker.link,
                          'search', *words, '--json'], capture_output=True, text=True, timeout=60).stdout
    return [json.loads(line) for line in out.splitlines() if '"hash"' in line]


class Town:
    """A tracker, Alice who shares, Bob who fetches, and Dora without a window."""

    def __init__(self, house):
        self.house = house
        self.tracker = house.tracker()
        self.alice = Desk(house, 'alice', drop_root=True)
        self.bob = Desk(house, 'bob')
        self.handed = house.write('handed over.txt', size=1000)
        house.start('dora', [house.program, '--profile', house.path('dora', 'profile'), '--tracker', self.tracker.link, 'share', self.handed])

    def started(self, desk):
        """The window of somebody who started before."""
        desk.command('--tracker', self.tracker.link, 'search', 'nothing')  # remembers the tracker
        desk.started_before()
        desk.open()
        desk.reads('Connected to Attic')


plugged = []  # cables: an interface is up while somebody holds it


def network(lan):
    """Brings up the network of a story that is told apart. Trackers and peers find each
    other in it if it is a lan."""
    cable = os.open('/dev/net/tun', os.O_RDWR)
    set_interface, tap, no_header = 0x400454CA, 0x0002, 0x1000  # linux/if_tun.h
    fcntl.ioctl(cable, set_interface, struct.pack('16sH22x', b'lan0', tap | no_header))
    plugged.append(cable)
    for command in ('ip link set lo up', 'ip addr add 192.168.77.1/24 dev lan0', f'ip link set lan0 multicast {"on" if lan else "off"}',
                    'ip link set lan0 up', 'ip route add default dev lan0'):
        subprocess.run(command.split(), check=True)


def crowd(house, *args):
    """Starts many peers without windows; window.d/crowd says what they do."""
    program = house.path('crowd')
    if not os.path.exists(program):
        subprocess.run(['go', 'build', '-o', program, './.ci/window.d/crowd'], cwd=TOP, env={**os.environ, 'CGO_ENABLED': '0'}, check=True)
    return house.start('crowd-of-peers', [program, *map(str, args)], stdout=subprocess.PIPE, text=True)
