"""Writes until its standard input ends, whatever happens to the servers; the session and what it holds must survive all of it."""
import sys
import threading

from kazoo.client import KazooClient, KazooState
from kazoo.retry import KazooRetry

states = []
zk = KazooClient(hosts=sys.argv[1], timeout=30, connection_retry=KazooRetry(max_tries=-1, max_delay=1))
zk.add_listener(lambda state: states.append(state))
zk.start(timeout=60)
session = zk.client_id
retry = KazooRetry(max_tries=-1, max_delay=1)
zk.create("/patient")
zk.create("/patient/alive", ephemeral=True)
lock = zk.Lock("/patient/lock", "patient")
lock.acquire()
ended = threading.Event()
threading.Thread(target=lambda: (sys.stdin.read(), ended.set()), daemon=True).start()
print("ready", flush=True)

count = 0
while not ended.wait(0.02):
    count += 1
    # A retry may find its own earlier attempt done: plain writes of a value, so that this does not matter.
    retry(zk.set, "/patient", str(count).encode())
    seen = int(retry(zk.get, "/patient")[0])
    assert seen == count, "read %d after writing %d" % (seen, count)

assert zk.client_id == session, "another session"
assert KazooState.LOST not in states, states
assert retry(zk.exists, "/patient/alive").ephemeralOwner == session[0]
assert lock.is_acquired
lock.release()
print("ok %d writes, %d reconnects" % (count, states.count(KazooState.CONNECTED) - 1), flush=True)
zk.stop()
