import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.CuratorFrameworkFactory;
import org.apache.curator.framework.api.transaction.CuratorTransactionResult;
import org.apache.curator.framework.recipes.atomic.DistributedAtomicLong;
import org.apache.curator.framework.recipes.barriers.DistributedBarrier;
import org.apache.curator.framework.recipes.barriers.DistributedDoubleBarrier;
import org.apache.curator.framework.recipes.cache.CuratorCache;
import org.apache.curator.framework.recipes.cache.CuratorCacheListener;
import org.apache.curator.framework.recipes.leader.LeaderLatch;
import org.apache.curator.framework.recipes.leader.LeaderSelector;
import org.apache.curator.framework.recipes.leader.LeaderSelectorListenerAdapter;
import org.apache.curator.framework.recipes.locks.InterProcessMutex;
import org.apache.curator.framework.recipes.locks.InterProcessReadWriteLock;
import org.apache.curator.framework.recipes.locks.InterProcessSemaphoreV2;
import org.apache.curator.framework.recipes.locks.Lease;
import org.apache.curator.framework.recipes.nodes.GroupMember;
import org.apache.curator.framework.recipes.nodes.PersistentNode;
import org.apache.curator.framework.recipes.nodes.PersistentTtlNode;
import org.apache.curator.framework.recipes.queue.DistributedQueue;
import org.apache.curator.framework.recipes.queue.QueueBuilder;
import org.apache.curator.framework.recipes.queue.QueueConsumer;
import org.apache.curator.framework.recipes.queue.QueueSerializer;
import org.apache.curator.framework.recipes.queue.SimpleDistributedQueue;
import org.apache.curator.framework.recipes.shared.SharedCount;
import org.apache.curator.framework.state.ConnectionState;
import org.apache.curator.retry.RetryNTimes;
import org.apache.curator.x.discovery.ServiceDiscovery;
import org.apache.curator.x.discovery.ServiceDiscoveryBuilder;
import org.apache.curator.x.discovery.ServiceInstance;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.KeeperException;
import org.apache.zookeeper.ZooKeeper;
import org.apache.zookeeper.data.Stat;

/** Real work with Curator: each check prints "ok NAME" or "not ok NAME: reason". */
public class CuratorWork {
    interface Check {
        void run() throws Exception;
    }

    interface Condition {
        boolean holds() throws Exception;
    }

    static String hosts;
    static final List<CuratorFramework> clients = new ArrayList<>();

    static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    static synchronized CuratorFramework connect() {
        CuratorFramework client = CuratorFrameworkFactory.builder()
            .connectString(hosts).sessionTimeoutMs(10000).connectionTimeoutMs(10000).retryPolicy(new RetryNTimes(20, 100)).build();
        client.start();
        clients.add(client);
        return client;
    }

    static void expect(boolean condition, Object what) {
        if (!condition) {
            throw new AssertionError(String.valueOf(what));
        }
    }

    static void await(String what, Condition condition) throws Exception {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
        while (!condition.holds()) {
            expect(System.nanoTime() < deadline, "not in time: " + what);
            Thread.sleep(10);
        }
    }

    /** Ends a session as only another client that knows its password can, so that its owner finds it expired. */
    static void endSession(CuratorFramework client) throws Exception {
        ZooKeeper own = client.getZookeeperClient().getZooKeeper();
        CountDownLatch connected = new CountDownLatch(1);
        ZooKeeper thief = new ZooKeeper(hosts, 10000, (event) -> connected.countDown(), own.getSessionId(), own.getSessionPasswd());
        expect(connected.await(10, TimeUnit.SECONDS), "the second connection of the session");
        thief.close();
    }

    static void check(String name, Check check) {
        try {
            check.run();
            System.out.println("ok " + name);
        } catch (Throwable error) {
            error.printStackTrace();
            System.out.println("not ok " + name + ": " + error);
        }
    }

    public static void main(String[] args) {
        hosts = args[0];
        check("operations", CuratorWork::operations);
        check("transactions", CuratorWork::transactions);
        check("mutex", CuratorWork::mutex);
        check("readWriteLock", CuratorWork::readWriteLock);
        check("semaphore", CuratorWork::semaphore);
        check("leaderLatch", CuratorWork::leaderLatch);
        check("leaderSelector", CuratorWork::leaderSelector);
        check("persistentNode", CuratorWork::persistentNode);
        check("persistentTtlNode", CuratorWork::persistentTtlNode);
        check("cache", CuratorWork::cache);
        check("barriers", CuratorWork::barriers);
        check("queues", CuratorWork::queues);
        check("counters", CuratorWork::counters);
        check("groupMember", CuratorWork::groupMember);
        check("discovery", CuratorWork::discovery);
        check("expiry", CuratorWork::expiry);
        for (CuratorFramework client : clients) {
            client.close();
        }
        System.exit(0);
    }

    static void operations() throws Exception {
        CuratorFramework client = connect();
        client.create().creatingParentContainersIfNeeded().forPath("/ops/a/b", bytes("one"));
        Stat stat = new Stat();
        expect(Arrays.equals(bytes("one"), client.getData().storingStatIn(stat).forPath("/ops/a/b")), "data");
        expect(client.setData().withVersion(stat.getVersion()).forPath("/ops/a/b", bytes("two")).getVersion() == 1, "version");
        try {
            client.setData().withVersion(0).forPath("/ops/a/b", bytes("three"));
            throw new AssertionError("no BadVersionException");
        } catch (KeeperException.BadVersionException expected) {
            // as it should be
        }
        String made = client.create().withProtection().withMode(CreateMode.EPHEMERAL_SEQUENTIAL).forPath("/ops/p-", bytes("p"));
        expect(made.matches("/ops/_c_[0-9a-f-]{36}-p-0000000001"), made);
        expect(client.getChildren().forPath("/ops").size() == 2, "children");
        client.create().withTtl(3600000).withMode(CreateMode.PERSISTENT_WITH_TTL).forPath("/ops/ttl");
        client.create().compressed().forPath("/ops/compressed", bytes("much"));
        expect(Arrays.equals(bytes("much"), client.getData().decompressed().forPath("/ops/compressed")), "compressed");
        client.sync().forPath("/ops");
        client.delete().guaranteed().deletingChildrenIfNeeded().forPath("/ops");
        expect(client.checkExists().forPath("/ops") == null, "deleted");
    }

    static void transactions() throws Exception {
        CuratorFramework client = connect();
        client.create().forPath("/tx", bytes("0"));
        Collection<CuratorTransactionResult> results = client.transaction().forOperations(
            client.transactionOp().check().withVersion(0).forPath("/tx"),
            client.transactionOp().create().withMode(CreateMode.PERSISTENT_SEQUENTIAL).forPath("/tx/s-", bytes("s")),
            client.transactionOp().setData().forPath("/tx", bytes("1")),
            client.transactionOp().create().withMode(CreateMode.CONTAINER).forPath("/tx/c"),
            client.transactionOp().delete().forPath("/tx/c"));
        List<String> paths = new ArrayList<>();
        for (CuratorTransactionResult result : results) {
            paths.add(result.getResultPath());
        }
        expect(paths.contains("/tx/s-0000000000"), paths);
        try {
            client.transaction().forOperations(
                client.transactionOp().setData().forPath("/tx", bytes("2")),
                client.transactionOp().delete().forPath("/tx/none"));
            throw new AssertionError("no NoNodeException");
        } catch (KeeperException.NoNodeException expected) {
            expect(expected.getResults().size() == 2, "results of a failure");
        }
        expect(Arrays.equals(bytes("1"), client.getData().forPath("/tx")), "rolled back");
    }

    static void together(int count, Check work) throws Exception {
        ExecutorService threads = Executors.newFixedThreadPool(count);
        List<Future<?>> futures = new ArrayList<>();
        for (int n = 0; n < count; n++) {
            futures.add(threads.submit(() -> {
                work.run();
                return null;
            }));
        }
        for (Future<?> future : futures) {
            future.get(60, TimeUnit.SECONDS);
        }
        threads.shutdown();
    }

    static void mutex() throws Exception {
        int[] total = {0};
        AtomicInteger inside = new AtomicInteger();
        together(5, () -> {
            InterProcessMutex mutex = new InterProcessMutex(connect(), "/mutex");
            for (int n = 0; n < 10; n++) {
                expect(mutex.acquire(30, TimeUnit.SECONDS), "acquired");
                expect(inside.incrementAndGet() == 1, "alone");
                int value = total[0];
                Thread.sleep(1);
                total[0] = value + 1;
                inside.decrementAndGet();
                mutex.release();
            }
        });
        expect(total[0] == 50, total[0]);
        InterProcessMutex held = new InterProcessMutex(connect(), "/mutex");
        held.acquire();
        held.acquire();
        expect(!new InterProcessMutex(connect(), "/mutex").acquire(200, TimeUnit.MILLISECONDS), "held by another");
        expect(held.getParticipantNodes().size() == 1, "the one that gave up is gone");
        held.release();
        held.release();
    }

    static void readWriteLock() throws Exception {
        InterProcessReadWriteLock one = new InterProcessReadWriteLock(connect(), "/readwrite");
        InterProcessReadWriteLock two = new InterProcessReadWriteLock(connect(), "/readwrite");
        one.readLock().acquire();
        expect(two.readLock().acquire(10, TimeUnit.SECONDS), "two readers");
        expect(!two.writeLock().acquire(200, TimeUnit.MILLISECONDS), "no writer beside readers");
        one.readLock().release();
        two.readLock().release();
        expect(two.writeLock().acquire(10, TimeUnit.SECONDS), "a writer alone");
        expect(!one.readLock().acquire(200, TimeUnit.MILLISECONDS), "no reader beside a writer");
        two.writeLock().release();
    }

    static void semaphore() throws Exception {
        InterProcessSemaphoreV2 one = new InterProcessSemaphoreV2(connect(), "/semaphore", 2);
        InterProcessSemaphoreV2 two = new InterProcessSemaphoreV2(connect(), "/semaphore", 2);
        Lease first = one.acquire(10, TimeUnit.SECONDS);
        Lease second = two.acquire(10, TimeUnit.SECONDS);
        expect(first != null && second != null, "two leases");
        expect(two.acquire(300, TimeUnit.MILLISECONDS) == null, "no third lease");
        one.returnLease(first);
        expect(two.acquire(10, TimeUnit.SECONDS) != null, "the returned lease");
    }

    static void leaderLatch() throws Exception {
        LeaderLatch one = new LeaderLatch(connect(), "/latch", "one");
        one.start();
        expect(one.await(20, TimeUnit.SECONDS), "the first leads");
        LeaderLatch two = new LeaderLatch(connect(), "/latch", "two");
        two.start();
        await("both take part", () -> one.getParticipants().size() == 2);
        expect(!two.hasLeadership(), "one leader");
        expect(two.getLeader().getId().equals("one"), two.getLeader());
        one.close();
        expect(two.await(20, TimeUnit.SECONDS), "the second follows");
        two.close();
    }

    static void leaderSelector() throws Exception {
        ConcurrentLinkedQueue<String> led = new ConcurrentLinkedQueue<>();
        List<LeaderSelector> selectors = new ArrayList<>();
        for (String id : Arrays.asList("x", "y", "z")) {
            LeaderSelector selector = new LeaderSelector(connect(), "/selector", new LeaderSelectorListenerAdapter() {
                public void takeLeadership(CuratorFramework client) {
                    led.add(id);
                }
            });
            selector.start();
            selectors.add(selector);
        }
        await("each led once", () -> led.size() == 3);
        expect(led.containsAll(Arrays.asList("x", "y", "z")), led);
        for (LeaderSelector selector : selectors) {
            selector.close();
        }
    }

    static void persistentNode() throws Exception {
        CuratorFramework client = connect();
        CuratorFramework other = connect();
        PersistentNode node = new PersistentNode(client, CreateMode.EPHEMERAL, false, "/persistent", bytes("here"));
        node.start();
        expect(node.waitForInitialCreate(20, TimeUnit.SECONDS), "created");
        long before = other.checkExists().forPath("/persistent").getCzxid();
        other.delete().forPath("/persistent");
        await("made again after a deletion", () -> {
            Stat stat = other.checkExists().forPath("/persistent");
            return stat != null && stat.getCzxid() > before;
        });
        long session = client.getZookeeperClient().getZooKeeper().getSessionId();
        endSession(client);
        await("made again by a new session", () -> {
            Stat stat = other.checkExists().forPath("/persistent");
            return stat != null && stat.getEphemeralOwner() != session && stat.getEphemeralOwner() != 0;
        });
        node.close();
        await("gone", () -> other.checkExists().forPath("/persistent") == null);
    }

    static void persistentTtlNode() throws Exception {
        PersistentTtlNode node = new PersistentTtlNode(connect(), "/ttlnode", 5000, bytes("t"));
        node.start();
        expect(node.waitForInitialCreate(20, TimeUnit.SECONDS), "created");
        expect(connect().checkExists().forPath("/ttlnode") != null, "there");
        node.close();
    }

    static void cache() throws Exception {
        CuratorFramework writer = connect();
        writer.create().creatingParentsIfNeeded().forPath("/cache/a/b", bytes("0"));
        ConcurrentLinkedQueue<String> seen = new ConcurrentLinkedQueue<>();
        CuratorCache cache = CuratorCache.build(connect(), "/cache");
        cache.listenable().addListener(CuratorCacheListener.builder()
            .forCreates((node) -> seen.add("created " + node.getPath()))
            .forChanges((old, node) -> seen.add("changed " + node.getPath() + " " + new String(node.getData(), StandardCharsets.UTF_8)))
            .forDeletes((node) -> seen.add("deleted " + node.getPath()))
            .build());
        CountDownLatch initialized = new CountDownLatch(1);
        cache.listenable().addListener(CuratorCacheListener.builder().forInitialized(initialized::countDown).build());
        cache.start();
        expect(initialized.await(20, TimeUnit.SECONDS), "initialized");
        expect(cache.size() == 3, cache.size());
        seen.clear();
        for (int n = 1; n <= 3; n++) {
            writer.create().forPath("/cache/a/c" + n, bytes("c"));
        }
        writer.setData().forPath("/cache/a/b", bytes("1"));
        // The cache reads a node that it is told of, and says nothing of one that has gone meanwhile: the deletion has to wait.
        List<String> made = Arrays.asList("created /cache/a/c1", "created /cache/a/c2", "created /cache/a/c3", "changed /cache/a/b 1");
        await("creations", () -> seen.containsAll(made));
        writer.delete().forPath("/cache/a/c2");
        await("a deletion", () -> seen.contains("deleted /cache/a/c2"));
        expect(seen.size() == 5, seen);
        expect(Arrays.equals(bytes("1"), cache.get("/cache/a/b").get().getData()), "cached");
        expect(!cache.get("/cache/a/c2").isPresent(), "deleted");
        cache.close();
    }

    static void barriers() throws Exception {
        DistributedBarrier barrier = new DistributedBarrier(connect(), "/barrier");
        barrier.setBarrier();
        DistributedBarrier waiting = new DistributedBarrier(connect(), "/barrier");
        expect(!waiting.waitOnBarrier(100, TimeUnit.MILLISECONDS), "it is set");
        barrier.removeBarrier();
        expect(waiting.waitOnBarrier(10, TimeUnit.SECONDS), "it is gone");
        AtomicInteger entered = new AtomicInteger();
        together(4, () -> {
            DistributedDoubleBarrier both = new DistributedDoubleBarrier(connect(), "/double", 4);
            entered.incrementAndGet();
            expect(both.enter(30, TimeUnit.SECONDS), "entered");
            expect(entered.get() == 4, "all are there");
            expect(both.leave(30, TimeUnit.SECONDS), "left");
        });
    }

    static void queues() throws Exception {
        SimpleDistributedQueue simple = new SimpleDistributedQueue(connect(), "/simple-queue");
        for (String item : Arrays.asList("a", "b", "c")) {
            simple.offer(bytes(item));
        }
        StringBuilder taken = new StringBuilder();
        for (int n = 0; n < 3; n++) {
            taken.append(new String(simple.poll(10, TimeUnit.SECONDS), StandardCharsets.UTF_8));
        }
        expect(taken.toString().equals("abc"), taken);
        ConcurrentLinkedQueue<String> consumed = new ConcurrentLinkedQueue<>();
        QueueSerializer<String> serializer = new QueueSerializer<String>() {
            public byte[] serialize(String item) {
                return CuratorWork.bytes(item);
            }

            public String deserialize(byte[] bytes) {
                return new String(bytes, StandardCharsets.UTF_8);
            }
        };
        QueueConsumer<String> consumer = new QueueConsumer<String>() {
            public void consumeMessage(String message) {
                consumed.add(message);
            }

            public void stateChanged(CuratorFramework client, ConnectionState state) {
            }
        };
        try (DistributedQueue<String> queue = QueueBuilder.builder(connect(), consumer, serializer, "/queue").lockPath("/queue-locks").buildQueue()) {
            queue.start();
            for (int n = 0; n < 20; n++) {
                queue.put("item " + n);
            }
            await("twenty items", () -> consumed.size() == 20);
        }
    }

    static void counters() throws Exception {
        together(3, () -> {
            DistributedAtomicLong counter = new DistributedAtomicLong(connect(), "/atomic", new RetryNTimes(1000, 5));
            for (int n = 0; n < 10; n++) {
                expect(counter.increment().succeeded(), "incremented");
            }
        });
        expect(new DistributedAtomicLong(connect(), "/atomic", new RetryNTimes(1, 1)).get().postValue() == 30, "thirty");
        SharedCount one = new SharedCount(connect(), "/shared", 7);
        SharedCount two = new SharedCount(connect(), "/shared", 0);
        one.start();
        two.start();
        expect(two.getCount() == 7, two.getCount());
        one.setCount(8);
        await("the other sees it", () -> two.getCount() == 8);
        one.close();
        two.close();
    }

    static void groupMember() throws Exception {
        GroupMember one = new GroupMember(connect(), "/group", "one");
        GroupMember two = new GroupMember(connect(), "/group", "two", bytes("2"));
        one.start();
        two.start();
        await("both members", () -> one.getCurrentMembers().size() == 2 && two.getCurrentMembers().size() == 2);
        expect(Arrays.equals(bytes("2"), one.getCurrentMembers().get("two")), "its data");
        two.close();
        await("one is left", () -> one.getCurrentMembers().keySet().equals(Collections.singleton("one")));
        one.close();
    }

    static void discovery() throws Exception {
        ServiceInstance<String> instance = ServiceInstance.<String>builder().name("cart").address("10.0.0.1").port(80).payload("zone b").build();
        ServiceDiscovery<String> server = ServiceDiscoveryBuilder.builder(String.class).client(connect()).basePath("/services").thisInstance(instance).build();
        server.start();
        ServiceDiscovery<String> client = ServiceDiscoveryBuilder.builder(String.class).client(connect()).basePath("/services").build();
        client.start();
        Collection<ServiceInstance<String>> found = client.queryForInstances("cart");
        expect(found.size() == 1 && found.iterator().next().getPayload().equals("zone b"), found);
        expect(client.queryForNames().contains("cart"), "names");
        server.close();
        await("gone", () -> client.queryForInstances("cart").isEmpty());
        client.close();
    }

    static void expiry() throws Exception {
        CuratorFramework client = connect();
        CompletableFuture<Void> lost = new CompletableFuture<>();
        CompletableFuture<Void> again = new CompletableFuture<>();
        client.blockUntilConnected();
        client.getConnectionStateListenable().addListener((any, state) -> {
            if (state == ConnectionState.LOST) {
                lost.complete(null);
            }
            if (state == ConnectionState.RECONNECTED && lost.isDone()) {
                again.complete(null);
            }
        });
        client.create().withMode(CreateMode.EPHEMERAL).forPath("/expiry");
        endSession(client);
        lost.get(30, TimeUnit.SECONDS);
        again.get(30, TimeUnit.SECONDS);
        expect(client.checkExists().forPath("/expiry") == null, "its node is gone");
    }
}
