import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.recipes.atomic.AtomicValue;
import org.apache.curator.framework.recipes.atomic.CachedAtomicLong;
import org.apache.curator.framework.recipes.atomic.DistributedAtomicInteger;
import org.apache.curator.framework.recipes.atomic.DistributedAtomicLong;
import org.apache.curator.framework.recipes.atomic.DistributedAtomicValue;
import org.apache.curator.framework.recipes.atomic.PromotedToLock;
import org.apache.curator.framework.recipes.shared.SharedCount;
import org.apache.curator.framework.recipes.shared.SharedValue;
import org.apache.curator.retry.RetryNTimes;

/**
 * Curator's counters on command, one command a line, {@code number command path argument}; answers with {@code number answer}.
 */
public final class CuratorCounters {
  private final CuratorFramework client;
  private SharedCount shared;
  private SharedValue value;

  private CuratorCounters(CuratorFramework client) {
    this.client = client;
  }

  public static void main(String[] args) throws Exception {
    CuratorFramework client = CuratorPeer.connect(args);
    CuratorCounters counters = new CuratorCounters(client);
    CuratorPeer.serve(client, (words) -> counters.obey(words[0], words[1], words[2]));
  }

  private String obey(String command, String path, String argument) throws Exception {
    switch (command) {
      case "share":
        shared = new SharedCount(client, path, Integer.parseInt(argument));
        shared.start();
        return String.valueOf(shared.getCount());
      case "count":
        return String.valueOf(shared.getCount());
      case "set":
        shared.setCount(Integer.parseInt(argument));
        return "done";
      case "try":
        return String.valueOf(shared.trySetCount(shared.getVersionedValue(), Integer.parseInt(argument)));
      case "integer":
        AtomicValue<Integer> sum =
            new DistributedAtomicInteger(client, path, new RetryNTimes(10, 5)).add(Integer.parseInt(argument));
        return sum.succeeded() + " " + sum.preValue() + " " + sum.postValue();
      case "long":
        AtomicValue<Long> total = atomicLong(path).add(Long.parseLong(argument));
        return total.succeeded() + " " + total.preValue() + " " + total.postValue();
      case "increments":
        return increments(atomicLong(path), Integer.parseInt(argument));
      case "cached":
        return cached(new CachedAtomicLong(atomicLong(path), 5), Integer.parseInt(argument));
      case "share-value":
        value = new SharedValue(client, path, argument.getBytes());
        value.start();
        return new String(value.getValue());
      case "shared-value":
        return new String(value.getValue());
      case "set-value":
        value.setValue(argument.getBytes());
        return "done";
      case "try-value":
        return String.valueOf(value.trySetValue(value.getVersionedValue(), argument.getBytes()));
      case "atomic":
        AtomicValue<byte[]> bytes = atomicValue(path).get();
        return bytes.succeeded() + " " + new String(bytes.postValue());
      case "swap":
        String[] pair = argument.split(",");
        AtomicValue<byte[]> swapped = atomicValue(path).compareAndSet(pair[0].getBytes(), pair[1].getBytes());
        return swapped.succeeded() + " " + new String(swapped.preValue());
      case "force":
        atomicValue(path).forceSet(argument.getBytes());
        return "done";
      case "initialize":
        return String.valueOf(atomicValue(path).initialize(argument.getBytes()));
      default:
        throw new IllegalArgumentException("unknown command " + command);
    }
  }

  private DistributedAtomicValue atomicValue(String path) {
    return new DistributedAtomicValue(client, path, new RetryNTimes(3, 1));
  }

  private DistributedAtomicLong atomicLong(String path) {
    PromotedToLock lock =
        PromotedToLock.builder().lockPath(path + "-lock").retryPolicy(new RetryNTimes(1000, 1)).build();
    return new DistributedAtomicLong(client, path, new RetryNTimes(3, 1), lock);
  }

  private static String increments(DistributedAtomicLong number, int count) throws Exception {
    StringBuilder seen = new StringBuilder();
    for (int i = 0; i < count; i++) {
      AtomicValue<Long> value = number.increment();
      if (value.succeeded()) {
        seen.append(i == 0 ? "" : ",").append(value.preValue());
      }
    }
    return seen.toString();
  }

  private static String cached(CachedAtomicLong numbers, int count) throws Exception {
    StringBuilder seen = new StringBuilder();
    for (int i = 0; i < count; i++) {
      seen.append(i == 0 ? "" : ",").append(numbers.next().postValue());
    }
    return seen.toString();
  }
}
