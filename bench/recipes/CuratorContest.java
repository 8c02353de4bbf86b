import java.nio.charset.StandardCharsets;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.CuratorFrameworkFactory;
import org.apache.curator.framework.recipes.atomic.AtomicValue;
import org.apache.curator.framework.recipes.atomic.DistributedAtomicLong;
import org.apache.curator.framework.recipes.locks.InterProcessMutex;
import org.apache.curator.framework.recipes.queue.DistributedQueue;
import org.apache.curator.framework.recipes.queue.QueueBuilder;
import org.apache.curator.framework.recipes.queue.QueueConsumer;
import org.apache.curator.framework.recipes.queue.QueueSerializer;
import org.apache.curator.framework.state.ConnectionState;
import org.apache.curator.retry.ExponentialBackoffRetry;
import org.apache.curator.retry.RetryNTimes;

/**
 * What Curator's recipes do in a time: CuratorContest CONNECT RECIPE WORKERS WARMUP_MS MEASURED_MS prints how often it was done, and in
 * how many nanoseconds. Workers are threads that share one client.
 */
public final class CuratorContest {
  interface Work {
    /** Does the next thing; true if it was done. */
    boolean once() throws Exception;
  }

  public static void main(String[] args) throws Exception {
    String recipe = args[1];
    int workers = Integer.parseInt(args[2]);
    long warmupMs = Long.parseLong(args[3]);
    long measuredMs = Long.parseLong(args[4]);
    CuratorFramework client =
        CuratorFrameworkFactory.newClient(args[0], 30_000, 15_000, new ExponentialBackoffRetry(100, 10));
    client.start();
    client.blockUntilConnected();
    AtomicLong done = new AtomicLong();
    if (recipe.equals("queue")) queue(client, workers, done);
    else for (int i = 0; i < workers; i++) start(workOf(client, recipe), done);
    Thread.sleep(warmupMs);
    long before = done.get();
    long startNs = System.nanoTime();
    Thread.sleep(measuredMs);
    System.out.println("did " + (done.get() - before) + " " + (System.nanoTime() - startNs));
    Runtime.getRuntime().halt(0);
  }

  static void start(Work work, AtomicLong done) {
    Thread thread =
        new Thread(
            () -> {
              try {
                while (true) if (work.once()) done.incrementAndGet();
              } catch (Exception error) {
                error.printStackTrace();
                Runtime.getRuntime().halt(1);
              }
            });
    thread.setDaemon(true);
    thread.start();
  }

  static Work workOf(CuratorFramework client, String recipe) {
    if (recipe.equals("lock")) {
      InterProcessMutex mutex = new InterProcessMutex(client, "/contest/lock");
      return () -> {
        mutex.acquire();
        mutex.release();
        return true;
      };
    }
    if (!recipe.equals("counter")) throw new IllegalArgumentException(recipe);
    DistributedAtomicLong counter =
        new DistributedAtomicLong(client, "/contest/counter", new RetryNTimes(1000, 1));
    return () -> {
      AtomicValue<Long> value = counter.increment();
      return value.succeeded();
    };
  }

  /** One consumer that marks what it has in hand, and one producer that keeps so many items ahead of it. */
  static void queue(CuratorFramework client, int ahead, AtomicLong done) throws Exception {
    Semaphore room = new Semaphore(ahead);
    QueueConsumer<String> consumer =
        new QueueConsumer<String>() {
          @Override
          public void consumeMessage(String message) {
            done.incrementAndGet();
            room.release();
          }

          @Override
          public void stateChanged(CuratorFramework curator, ConnectionState state) {}
        };
    QueueSerializer<String> serializer =
        new QueueSerializer<String>() {
          @Override
          public byte[] serialize(String item) {
            return item.getBytes(StandardCharsets.UTF_8);
          }

          @Override
          public String deserialize(byte[] bytes) {
            return new String(bytes, StandardCharsets.UTF_8);
          }
        };
    DistributedQueue<String> queue =
        QueueBuilder.builder(client, consumer, serializer, "/contest/queue")
            .lockPath("/contest/queue-locks")
            .buildQueue();
    queue.start();
    String item = "x".repeat(100);
    start(
        () -> {
          room.acquire();
          queue.put(item);
          return false;
        },
        new AtomicLong());
  }
}
