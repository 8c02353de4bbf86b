import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.apache.zookeeper.AddWatchMode;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.KeeperException;
import org.apache.zookeeper.Op;
import org.apache.zookeeper.WatchedEvent;
import org.apache.zookeeper.Watcher;
import org.apache.zookeeper.ZooDefs.Ids;
import org.apache.zookeeper.ZooDefs.Perms;
import org.apache.zookeeper.ZooKeeper;
import org.apache.zookeeper.admin.ZooKeeperAdmin;
import org.apache.zookeeper.data.ACL;
import org.apache.zookeeper.data.Id;
import org.apache.zookeeper.data.Stat;

/**
 * Makes every operation that Apache ZooKeeper's own client can make, through a proxy that records the bytes. Before each one it
 * asks for the node /mark/LABEL: the proxy takes that as the name of the exchange that follows and records the marks themselves not.
 * The mark "cut" makes the proxy break the connection.
 */
public class Recorder {
    interface Step {
        void run() throws Exception;
    }

    static ZooKeeper zk;
    static final LinkedBlockingQueue<WatchedEvent> events = new LinkedBlockingQueue<>();

    static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    static void step(String label, Step step) throws Exception {
        zk.exists("/mark/" + label, false);
        try {
            step.run();
        } catch (KeeperException error) {
            System.out.println(label + ": " + error.code());
        }
    }

    /** A change that a watch reports; returns when the event is here. */
    static void event(String label, Step change) throws Exception {
        events.clear();
        step(label, change);
        if (events.poll(10, TimeUnit.SECONDS) == null) {
            throw new IllegalStateException("no event after " + label);
        }
    }

    static ZooKeeper connect(String hosts, int timeoutMs, Watcher watcher) throws Exception {
        CountDownLatch connected = new CountDownLatch(1);
        ZooKeeper client = new ZooKeeperAdmin(hosts, timeoutMs, (event) -> {
            if (event.getState() == Watcher.Event.KeeperState.SyncConnected) {
                connected.countDown();
            }
            watcher.process(event);
        });
        if (!connected.await(20, TimeUnit.SECONDS)) {
            throw new IllegalStateException("not connected");
        }
        return client;
    }

    public static void main(String[] args) throws Exception {
        LinkedBlockingQueue<WatchedEvent> states = new LinkedBlockingQueue<>();
        Watcher watcher = (event) -> (event.getType() == Watcher.Event.EventType.None ? states : events).add(event);
        zk = connect(args[0], 4000, watcher);
        creates();
        reads(watcher);
        changes();
        watches(watcher);
        transactions();
        identities();
        leftovers();
        Thread.sleep(2500); // long enough for the client to ping of its own accord
        reconnect(states, watcher);
        zk.exists("/mark/close", false);
        zk.close();
        refusedAuth(args[0]);
        System.out.println("done");
    }

    static void creates() throws Exception {
        step("create", () -> zk.create("/a", bytes("data"), Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT));
        step("create-null-data", () -> zk.create("/null", null, Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT));
        step("create-empty-data", () -> zk.create("/empty", new byte[0], Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT));
        step("create-unicode", () -> zk.create("/\u00e4\u4e2d", bytes("\u00e4"), Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT));
        step("create-ephemeral", () -> zk.create("/e", bytes("e"), Ids.OPEN_ACL_UNSAFE, CreateMode.EPHEMERAL));
        step("create-sequential", () -> zk.create("/s-", bytes("s"), Ids.READ_ACL_UNSAFE, CreateMode.PERSISTENT_SEQUENTIAL));
        step("create-ephemeral-sequential", () -> zk.create("/a/es-", bytes("es"), Ids.OPEN_ACL_UNSAFE, CreateMode.EPHEMERAL_SEQUENTIAL));
        step("create2", () -> zk.create("/a2", bytes("data"), Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT, new Stat()));
        step("create2-ephemeral", () -> zk.create("/e2", bytes("data"), Ids.OPEN_ACL_UNSAFE, CreateMode.EPHEMERAL, new Stat()));
        step("createContainer", () -> zk.create("/c", bytes("c"), Ids.OPEN_ACL_UNSAFE, CreateMode.CONTAINER, new Stat()));
        step("createTTL", () -> zk.create("/t", bytes("t"), Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT_WITH_TTL, new Stat(), 1099511627775L));
        step("createTTL-sequential", () -> zk.create("/t-", bytes("t"), Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT_SEQUENTIAL_WITH_TTL, new Stat(), 600000));
        step("create-exists", () -> zk.create("/a", bytes("data"), Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT));
        step("create-no-parent", () -> zk.create("/none/a", bytes("data"), Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT));
        step("create-below-ephemeral", () -> zk.create("/e/a", bytes("data"), Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT));
        step("create-invalid-acl", () -> zk.create("/acl", bytes("data"), Arrays.asList(new ACL(31, new Id("nonsense", "x"))), CreateMode.PERSISTENT));
        step("create-protected", () -> zk.create("/locked", bytes("data"), Arrays.asList(new ACL(Perms.ADMIN, new Id("digest", "u:WmhlNCNhRQ4Yk7Zl4xSuXtkV5rk="))), CreateMode.PERSISTENT));
    }

    static void reads(Watcher watcher) throws Exception {
        step("exists", () -> zk.exists("/a", false));
        step("exists-no-node", () -> zk.exists("/none", false));
        step("getData", () -> zk.getData("/a", false, new Stat()));
        step("getData-null", () -> zk.getData("/null", false, new Stat()));
        step("getData-empty", () -> zk.getData("/empty", false, new Stat()));
        step("getData-no-node", () -> zk.getData("/none", false, new Stat()));
        step("getData-no-auth", () -> zk.getData("/locked", false, new Stat()));
        step("getACL", () -> zk.getACL("/s-0000000005", new Stat()));
        step("getACL-no-auth", () -> zk.getACL("/locked", new Stat()));
        step("getChildren2", () -> zk.getChildren("/a", false, new Stat()));
        step("getChildren2-none", () -> zk.getChildren("/null", false, new Stat()));
        step("getChildren", () -> zk.getChildren("/a", false));
        step("getEphemerals", () -> zk.getEphemerals("/e"));
        step("getEphemerals-all", () -> zk.getEphemerals());
        step("getAllChildrenNumber", () -> zk.getAllChildrenNumber("/a"));
        step("sync", () -> {
            CountDownLatch synced = new CountDownLatch(1);
            zk.sync("/a", (code, path, context) -> synced.countDown(), null);
            synced.await();
        });
    }

    static void changes() throws Exception {
        step("setData", () -> zk.setData("/a", bytes("more data"), 0));
        step("setData-null", () -> zk.setData("/a", null, -1));
        step("setData-bad-version", () -> zk.setData("/a", bytes("x"), 7));
        step("setACL", () -> zk.setACL("/a2", Arrays.asList(new ACL(Perms.ALL, Ids.ANYONE_ID_UNSAFE), new ACL(Perms.READ, new Id("ip", "10.0.0.0/8"))), 0));
        step("setACL-bad-version", () -> zk.setACL("/a2", Ids.OPEN_ACL_UNSAFE, 0));
        step("setACL-invalid", () -> zk.setACL("/a2", Collections.emptyList(), -1));
        step("delete-not-empty", () -> zk.delete("/a", -1));
        step("delete-bad-version", () -> zk.delete("/empty", 3));
        step("delete", () -> zk.delete("/empty", 0));
        step("delete-bad-arguments", () -> zk.delete("/zookeeper", -1));
    }

    static void watches(Watcher watcher) throws Exception {
        step("exists-watch", () -> zk.exists("/w", watcher));
        event("event-created", () -> zk.create("/w", bytes("w"), Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT));
        step("getData-watch", () -> zk.getData("/w", watcher, new Stat()));
        event("event-data-changed", () -> zk.setData("/w", bytes("v"), -1));
        step("getChildren-watch", () -> zk.getChildren("/w", watcher));
        event("event-children-changed", () -> zk.create("/w/c", bytes("w"), Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT));
        step("addWatch-persistent", () -> zk.addWatch("/w", watcher, AddWatchMode.PERSISTENT));
        step("addWatch-recursive", () -> zk.addWatch("/r", watcher, AddWatchMode.PERSISTENT_RECURSIVE));
        event("event-deleted", () -> zk.delete("/w/c", -1));
        step("removeWatches", () -> zk.removeAllWatches("/w", Watcher.WatcherType.Any, false));
        step("removeWatches-none", () -> zk.removeAllWatches("/r", Watcher.WatcherType.Children, false));
        Watcher other = (event) -> {};
        step("two-watchers", () -> {
            zk.getData("/w", watcher, new Stat());
            zk.getData("/w", other, new Stat());
        });
        step("checkWatches", () -> zk.removeWatches("/w", other, Watcher.WatcherType.Data, false));
    }

    static void transactions() throws Exception {
        step("multi", () -> zk.multi(Arrays.asList(
            Op.create("/m", bytes("m"), Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT.toFlag()),
            Op.create("/m/c", bytes("c"), Ids.OPEN_ACL_UNSAFE, CreateMode.CONTAINER),
            Op.create("/m/t", bytes("t"), Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT_WITH_TTL, 5000000),
            Op.check("/m", 0),
            Op.setData("/m", bytes("n"), 0),
            Op.delete("/m/c", -1))));
        step("multi-empty", () -> zk.multi(Collections.emptyList()));
        step("multi-failed", () -> zk.multi(Arrays.asList(
            Op.setData("/m", bytes("o"), -1),
            Op.check("/m", 9),
            Op.delete("/m", -1))));
        step("multiRead", () -> zk.multi(Arrays.asList(
            Op.getData("/m"),
            Op.getChildren("/m"),
            Op.getData("/none"))));
    }

    static void identities() throws Exception {
        zk.exists("/mark/auth", false);
        zk.addAuthInfo("digest", bytes("u:secret"));
        step("whoAmI", () -> zk.whoAmI());
    }

    static void leftovers() throws Exception {
        step("reconfig", () -> ((ZooKeeperAdmin) zk).reconfigure("server.9=localhost:2889:3889;2182", null, null, -1, new Stat()));
        step("getConfig", () -> zk.getConfig(false, new Stat()));
    }

    /** What the client sends to arm its watches again, first in the short form, then with persistent ones. */
    static void reconnect(LinkedBlockingQueue<WatchedEvent> states, Watcher watcher) throws Exception {
        step("before-cut", () -> zk.exists("/later", watcher));
        awaitReconnect(states, "setWatches2");
        step("drop-recursive", () -> zk.removeAllWatches("/r", Watcher.WatcherType.Any, false));
        awaitReconnect(states, "setWatches");
    }

    static void awaitReconnect(LinkedBlockingQueue<WatchedEvent> states, String label) throws Exception {
        zk.exists("/mark/" + label, false);
        states.clear();
        try {
            zk.exists("/mark/cut", false);
        } catch (KeeperException.ConnectionLossException expected) {
            // the proxy has cut the connection, as asked
        }
        while (states.poll(20, TimeUnit.SECONDS).getState() != Watcher.Event.KeeperState.SyncConnected) {
            // wait for the state that matters
        }
        zk.exists("/mark/after-" + label, false);
    }

    /** A scheme that the server does not know: it says so and hangs up. */
    static void refusedAuth(String hosts) throws Exception {
        CountDownLatch failed = new CountDownLatch(1);
        zk = connect(hosts, 30000, (event) -> {
            if (event.getState() == Watcher.Event.KeeperState.AuthFailed) {
                failed.countDown();
            }
        });
        zk.exists("/mark/auth-failed", false);
        zk.addAuthInfo("nonsense", bytes("x"));
        failed.await(10, TimeUnit.SECONDS);
        zk.close();
    }
}
