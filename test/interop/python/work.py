"""Real work with kazoo: each check prints `ok NAME` or `not ok NAME: reason`."""
import socket
import sys
import threading
import time
import traceback

from kazoo.client import KazooClient, KazooState
from kazoo.exceptions import BadVersionError, NoAuthError, NodeExistsError, NoNodeError, NotEmptyError, RolledBackError
from kazoo.recipe.barrier import DoubleBarrier
from kazoo.recipe.cache import TreeCache
from kazoo.recipe.partitioner import SetPartitioner
from kazoo.security import make_digest_acl

HOSTS = sys.argv[1]
clients = []


def connect(**options):
    client = KazooClient(hosts=HOSTS, timeout=10, **options)
    client.start(timeout=20)
    clients.append(client)
    return client


def wait_for(what, condition, seconds=20):
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError("not in time: " + what)
        time.sleep(0.01)


def raises(error, call):
    try:
        call()
    except error:
        return
    raise AssertionError("no " + error.__name__)


def operations():
    zk = connect()
    assert zk.create("/ops", b"one") == "/ops"
    raises(NodeExistsError, lambda: zk.create("/ops"))
    data, stat = zk.get("/ops")
    assert (data, stat.version, stat.data_length) == (b"one", 0, 3)
    assert zk.set("/ops", b"two", version=0).version == 1
    raises(BadVersionError, lambda: zk.set("/ops", b"three", version=0))
    names = [zk.create("/ops/s-", sequence=True) for _ in range(3)]
    assert names == ["/ops/s-%010d" % n for n in range(3)], names
    assert sorted(zk.get_children("/ops")) == [name[5:] for name in names]
    children, stat = zk.get_children("/ops", include_data=True)
    assert stat.children_count == 3 and stat.cversion == 3
    raises(NotEmptyError, lambda: zk.delete("/ops"))
    zk.delete("/ops", recursive=True)
    assert zk.exists("/ops") is None
    raises(NoNodeError, lambda: zk.get("/ops"))
    path, stat = zk.create("/with/parents/and/stat", b"x", makepath=True, include_data=True)
    assert path == "/with/parents/and/stat" and stat.dataLength == 1
    assert zk.sync("/with") == "/with"


def ephemerals():
    owner, other = connect(), connect()
    owner.create("/ephemeral", ephemeral=True)
    assert other.exists("/ephemeral").ephemeralOwner == owner.client_id[0]
    gone = threading.Event()
    other.exists("/ephemeral", watch=lambda event: gone.set())
    owner.stop()
    assert gone.wait(20)
    assert other.exists("/ephemeral") is None


def watches():
    zk, writer = connect(), connect()
    writer.create("/watched", b"0")
    seen, names = [], []
    zk.DataWatch("/watched", lambda data, stat: seen.append(data))
    zk.ChildrenWatch("/watched", lambda children: names.append(sorted(children)))
    for n in range(1, 4):
        writer.set("/watched", b"%d" % n)
        wait_for("data %d" % n, lambda: seen[-1] == b"%d" % n)
    writer.create("/watched/a")
    wait_for("child a", lambda: names[-1] == ["a"])
    writer.delete("/watched/a")
    wait_for("no child", lambda: names[-1] == [])
    writer.delete("/watched")
    wait_for("deletion", lambda: seen[-1] is None)
    assert seen == [b"0", b"1", b"2", b"3", None], seen


def transactions():
    zk = connect()
    zk.create("/t", b"0")
    transaction = zk.transaction()
    transaction.check("/t", 0)
    transaction.create("/t/a", b"a")
    transaction.set_data("/t", b"1")
    transaction.delete("/t/a")
    results = transaction.commit()
    assert results[0] is True and results[1] == "/t/a" and results[2].version == 1 and results[3] is True, results
    transaction = zk.transaction()
    transaction.create("/t/b")
    transaction.set_data("/t", b"2", version=7)
    transaction.create("/t/c")
    results = transaction.commit()
    assert [type(result).__name__ for result in results] == [
        "RolledBackError", "BadVersionError", "RuntimeInconsistency"], results
    assert zk.get_children("/t") == [] and zk.get("/t")[0] == b"1"


def permissions():
    alice = connect(auth_data=[("digest", "alice:secret")])
    bob = connect()
    acl = make_digest_acl("alice", "secret", all=True)
    alice.create("/private", b"x", acl=[acl])
    raises(NoAuthError, lambda: bob.get("/private"))
    raises(NoAuthError, lambda: bob.set("/private", b"y"))
    raises(NoAuthError, lambda: bob.create("/private/a"))
    assert alice.get("/private")[0] == b"x"
    assert alice.get_acls("/private")[0][0].id.id == acl.id.id
    bob.add_auth("digest", "alice:secret")
    assert bob.get("/private")[0] == b"x"


def locks():
    """Increments that are lost unless the lock excludes."""
    total = {"value": 0, "inside": 0}

    def contend(name):
        zk = connect()
        lock = zk.Lock("/lock", name)
        for _ in range(10):
            with lock:
                total["inside"] += 1
                assert total["inside"] == 1
                value = total["value"]
                time.sleep(0.001)
                total["value"] = value + 1
                total["inside"] -= 1

    threads = [threading.Thread(target=contend, args=("c%d" % n,)) for n in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert total["value"] == 50, total
    zk = connect()
    assert zk.Lock("/lock").contenders() == []
    semaphore = zk.Semaphore("/semaphore", max_leases=2)
    assert semaphore.acquire()
    assert connect().Semaphore("/semaphore", max_leases=2).acquire(timeout=5)
    assert not connect().Semaphore("/semaphore", max_leases=2).acquire(blocking=False)
    semaphore.release()


def counter():
    def add():
        count = connect().Counter("/counter")
        for _ in range(20):
            count += 1

    threads = [threading.Thread(target=add) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert connect().Counter("/counter").value == 60


def election():
    leaders, release = [], threading.Event()

    def lead(name):
        leaders.append(name)
        release.wait(20)

    first, second = connect(), connect()
    runs = []
    for name, zk in (("first", first), ("second", second)):
        thread = threading.Thread(target=zk.Election("/election", name).run, args=(lead, name), daemon=True)
        thread.start()
        runs.append(thread)
        wait_for(name, lambda: len(connect().Election("/election").contenders()) == len(runs))
    wait_for("a leader", lambda: len(leaders) == 1)
    release.set()
    wait_for("the other leader", lambda: len(leaders) == 2)
    assert leaders == ["first", "second"]


def queue_barrier_party():
    zk = connect()
    queue = zk.LockingQueue("/queue")
    queue.put_all([b"a", b"b", b"c"])
    taken = []
    for _ in range(3):
        taken.append(queue.get(timeout=5))
        queue.consume()
    assert taken == [b"a", b"b", b"c"], taken
    party = zk.ShallowParty("/party", "one")
    party.join()
    connect().ShallowParty("/party", "two").join()
    assert sorted(party) == ["one", "two"]
    entered = []

    def enter(client, name):
        barrier = DoubleBarrier(client, "/barrier", 2, name)
        barrier.enter()
        entered.append(name)
        barrier.leave()

    threads = [threading.Thread(target=enter, args=(connect(), name)) for name in ("x", "y")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(entered) == ["x", "y"]


def partitions():
    partitioner = SetPartitioner(connect(), "/partitions", set=("1", "2", "3"), time_boundary=0.5)
    wait_for("partitions", lambda: partitioner.acquired)
    assert sorted(partitioner) == ["1", "2", "3"]
    partitioner.finish()


def tree_cache():
    zk = connect()
    zk.create("/cached/a/b", b"b", makepath=True)
    cache = TreeCache(zk, "/cached")
    cache.start()
    wait_for("b", lambda: cache.get_data("/cached/a/b") is not None)
    zk.create("/cached/a/c", b"c")
    zk.set("/cached/a/b", b"new")
    wait_for("c", lambda: cache.get_data("/cached/a/c") is not None)
    wait_for("new b", lambda: cache.get_data("/cached/a/b").data == b"new")
    assert sorted(cache.get_children("/cached/a")) == ["b", "c"]
    cache.close()


def reconnects():
    zk = connect()
    states = []
    zk.add_listener(states.append)
    zk.create("/reconnect", ephemeral=True)
    session = zk.client_id[0]
    changed = threading.Event()
    zk.get("/reconnect", watch=lambda event: changed.set())
    zk._connection._socket.shutdown(socket.SHUT_RDWR)
    wait_for("connected again", lambda: KazooState.SUSPENDED in states and states[-1] == KazooState.CONNECTED)
    assert zk.client_id[0] == session
    assert zk.exists("/reconnect").ephemeralOwner == session


def expires():
    zk = connect()
    states = []
    zk.add_listener(states.append)
    zk.create("/expires", ephemeral=True)
    thief = KazooClient(hosts=HOSTS, timeout=10, client_id=zk.client_id)
    thief.start(timeout=20)
    thief.stop()
    wait_for("lost", lambda: KazooState.LOST in states)
    wait_for("a new session", lambda: states[-1] == KazooState.CONNECTED)
    assert zk.exists("/expires") is None


def chroot():
    connect().ensure_path("/chroot/app")
    zk = KazooClient(hosts=HOSTS + "/chroot/app", timeout=10)
    zk.start(timeout=20)
    clients.append(zk)
    assert zk.create("/a/b", makepath=True) == "/a/b"
    assert connect().exists("/chroot/app/a/b") is not None


def commands():
    zk = connect()
    assert zk.command(b"ruok") == "imok"
    assert len(zk.server_version()) == 3
    assert "zk_version" in zk.command(b"mntr")


CHECKS = [
    operations, ephemerals, watches, transactions, permissions, locks, counter, election, queue_barrier_party,
    partitions, tree_cache, reconnects, expires, chroot, commands,
]

for check in CHECKS:
    try:
        check()
        print("ok", check.__name__, flush=True)
    except Exception as error:
        print("not ok %s: %r %s" % (check.__name__, error, traceback.format_exc().splitlines()[-3].strip()), flush=True)
for client in clients:
    client.stop()
    client.close()
