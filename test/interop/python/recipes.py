"""kazoo's recipes on command: each line is `<number> <command> <path> [argument]`, and is answered by `<number> <answer>`."""

import sys
import threading

from kazoo.client import KazooClient
from kazoo.recipe.barrier import Barrier, DoubleBarrier
from kazoo.recipe.counter import Counter
from kazoo.recipe.election import Election
from kazoo.recipe.lock import Lock
from kazoo.recipe.party import ShallowParty
from kazoo.recipe.queue import Queue

client = KazooClient(hosts=sys.argv[1])
client.start()
members = {}


class CuratorLock(Lock):
    """kazoo's lock with the names that Curator gives."""

    _NODE_NAME = "-lock-"
    _EXCLUDE_NAMES = ["-lock-"]


class CuratorElection(Election):
    """kazoo's election with that lock."""

    def __init__(self, client, path, identifier=None):
        self.lock = CuratorLock(client, path, identifier)


class SimpleQueue(Queue):
    """kazoo's queue with the names of ZooKeeper's own recipe."""

    def put(self, value, priority=100):
        self._ensure_paths()
        self.client.create(self.path + "/qn-", value, sequence=True)


def counter(path):
    return Counter(client, path, default=0, support_curator=True)


def add(path, amount):
    counter(path).__add__(int(amount))
    return "added"


def value(path, _):
    return str(counter(path).value)


def create(path, _):
    Barrier(client, path).create()
    return "created"


def remove(path, _):
    return str(Barrier(client, path).remove())


def wait(path, _):
    return str(Barrier(client, path).wait())


def enter(path, count):
    members[path] = DoubleBarrier(client, path, int(count))
    members[path].enter()
    return "inside" if members[path].participating else "refused"


def leave(path, _):
    members[path].leave()
    return "outside"


def acquire(path, name):
    members[path] = CuratorLock(client, path, name)
    return str(members[path].acquire())


def attempt(path, name):
    return str(CuratorLock(client, path, name).acquire(blocking=False))


def release(path, _):
    members[path].release()
    return "released"


def contenders(path, _):
    return ",".join(CuratorLock(client, path).contenders())


def turns(path, count):
    """Takes the lock so many times and counts, in a node that says who is inside, how often it was not alone."""
    wrong = 0
    for _ in range(int(count)):
        with CuratorLock(client, path, "kazoo"):
            try:
                client.create(path + "-room", ephemeral=True)
                client.delete(path + "-room")
            except Exception:
                wrong += 1
    return str(wrong)


def lead(path, name):
    """Stands for election, and leads until `resign`."""
    done = members[path] = threading.Event()
    CuratorElection(client, path, name).run(done.wait)
    return "led"


def resign(path, _):
    members[path].set()
    return "resigned"


def join(path, name):
    members[path] = ShallowParty(client, path, name)
    members[path].join()
    return "joined"


def part(path, _):
    members[path].leave()
    return "left"


def party(path, _):
    return ",".join(sorted(ShallowParty(client, path)))


def put(path, item):
    SimpleQueue(client, path).put(item.encode())
    return "put"


def get(path, _):
    item = SimpleQueue(client, path).get()
    return "nothing" if item is None else item.decode()


recipes = (add, value, create, remove, wait, enter, leave)
recipes += (acquire, attempt, release, contenders, turns, lead, resign, join, part, party, put, get)
commands = {each.__name__: each for each in recipes}


def obey(number, command, path, argument=None):
    try:
        answer = commands[command](path, argument)
    except Exception as error:  # what it is goes to the test
        answer = "failed %r" % error
    sys.stdout.write("%s %s\n" % (number, answer))
    sys.stdout.flush()


print("ready", flush=True)
for line in sys.stdin:
    # Some wait for others, whose commands come after theirs.
    threading.Thread(target=obey, args=line.split(), daemon=True).start()
