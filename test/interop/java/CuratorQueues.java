import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.recipes.queue.DistributedDelayQueue;
import org.apache.curator.framework.recipes.queue.DistributedIdQueue;
import org.apache.curator.framework.recipes.queue.DistributedPriorityQueue;
import org.apache.curator.framework.recipes.queue.DistributedQueue;
import org.apache.curator.framework.recipes.queue.QueueBase;
import org.apache.curator.framework.recipes.queue.QueueBuilder;
import org.apache.curator.framework.recipes.queue.QueueConsumer;
import org.apache.curator.framework.recipes.queue.QueueSerializer;
import org.apache.curator.framework.recipes.queue.SimpleDistributedQueue;
import org.apache.curator.framework.state.ConnectionState;

/**
 * Uses Curator's queues on command: {@code open kind path lockPath|- consumer|producer}, {@code put path item [id, priority or
 * time]}, {@code multi path item...}, {@code remove path id}, {@code offer path item}, {@code take path}. A consumer prints {@code got path item}
 * for each item; one that begins with "bad" it fails on the first time. Every command is answered with a line.
 */
public final class CuratorQueues {
  private static final QueueSerializer<String> TEXT =
      new QueueSerializer<String>() {
        @Override
        public byte[] serialize(String item) {
          return item.getBytes();
        }

        @Override
        public String deserialize(byte[] bytes) {
          return new String(bytes);
        }
      };

  private final CuratorFramework client;
  private final Map<String, Object> queues = new HashMap<>();

  private CuratorQueues(CuratorFramework client) {
    this.client = client;
  }

  public static void main(String[] args) throws Exception {
    CuratorFramework client = CuratorPeer.connect(args);
    CuratorPeer.serve(client, new CuratorQueues(client)::obey);
  }

  private String obey(String[] command) throws Exception {
    String path = command[1];
    switch (command[0]) {
      case "open":
        open(command[1], command[2], command[3], command[4].equals("consumer"));
        return "opened " + command[2];
      case "put":
        put(queues.get(path), command);
        return "put " + path + " " + command[2];
      case "multi":
        java.util.Iterator<String> items = Arrays.asList(command).subList(2, command.length).iterator();
        ((DistributedQueue<String>) queues.get(path)).putMulti(() -> items.hasNext() ? items.next() : null);
        ((QueueBase<String>) queues.get(path)).flushPuts(10, TimeUnit.SECONDS);
        return "put " + path + " many";
      case "remove":
        return String.valueOf(((DistributedIdQueue<String>) queues.get(path)).remove(command[2]));
      case "offer":
        new SimpleDistributedQueue(client, path).offer(command[2].getBytes());
        return "offered " + command[2];
      case "take":
        return new String(new SimpleDistributedQueue(client, path).take());
      default:
        throw new IllegalArgumentException("unknown command " + command[0]);
    }
  }

  private void open(String kind, String path, String lockPath, boolean consumes) throws Exception {
    QueueConsumer<String> consumer = consumes ? new Printer(path) : null;
    QueueBuilder<String> builder = QueueBuilder.builder(client, consumer, TEXT, path);
    if (!lockPath.equals("-")) {
      builder = builder.lockPath(lockPath);
    }
    switch (kind) {
      case "plain":
        DistributedQueue<String> plain = builder.buildQueue();
        plain.start();
        queues.put(path, plain);
        break;
      case "id":
        DistributedIdQueue<String> ids = builder.buildIdQueue();
        ids.start();
        queues.put(path, ids);
        break;
      case "priority":
        DistributedPriorityQueue<String> priorities = builder.buildPriorityQueue(0);
        priorities.start();
        queues.put(path, priorities);
        break;
      default:
        DistributedDelayQueue<String> delays = builder.buildDelayQueue();
        delays.start();
        queues.put(path, delays);
    }
  }

  private static void put(Object queue, String[] command) throws Exception {
    String item = command[2];
    if (queue instanceof DistributedQueue) {
      ((DistributedQueue<String>) queue).put(item);
      ((DistributedQueue<String>) queue).flushPuts(10, TimeUnit.SECONDS);
    } else if (queue instanceof DistributedIdQueue) {
      ((DistributedIdQueue<String>) queue).put(item, command[3]);
      ((DistributedIdQueue<String>) queue).flushPuts(10, TimeUnit.SECONDS);
    } else if (queue instanceof DistributedPriorityQueue) {
      ((DistributedPriorityQueue<String>) queue).put(item, Integer.parseInt(command[3]));
      ((DistributedPriorityQueue<String>) queue).flushPuts(10, TimeUnit.SECONDS);
    } else {
      ((DistributedDelayQueue<String>) queue).put(item, Long.parseLong(command[3]));
      ((DistributedDelayQueue<String>) queue).flushPuts(10, TimeUnit.SECONDS);
    }
  }

  private static final class Printer implements QueueConsumer<String> {
    private final String path;
    private final AtomicInteger bad = new AtomicInteger();

    private Printer(String path) {
      this.path = path;
    }

    @Override
    public void consumeMessage(String item) throws Exception {
      if (item.startsWith("bad") && bad.getAndIncrement() == 0) {
        System.out.println("refused " + path + " " + item);
        throw new Exception("refused");
      }
      System.out.println("got " + path + " " + item);
      if (item.startsWith("endless")) {
        Thread.sleep(600_000);
      }
    }

    @Override
    public void stateChanged(CuratorFramework client, ConnectionState state) {}
  }
}
