"""kazoo's recipes on command: each line is `<number> <command> <path> [argument]`, and is answered by `<number> <answer>`."""

import sys
import threading

from kazoo.client import KazooClient
from kazoo.recipe.barrier import Barrier, DoubleBarrier
from kazoo.recipe.counter import Counter

client = KazooClient(hosts=sys.argv[1])
client.start()
members = {}


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


commands = {each.__name__: each for each in (add, value, create, remove, wait, enter, leave)}


def obey(number, command, path, argument=None):
    try:
        answer = commands[command](path, argument)
    except Exception as error:  # what it is goes to the test
        answer = "failed: %r" % error
    sys.stdout.write("%s %s\n" % (number, answer))
    sys.stdout.flush()


print("ready", flush=True)
for line in sys.stdin:
    # Some wait for others, whose commands come after theirs.
    threading.Thread(target=obey, args=line.split(), daemon=True).start()
