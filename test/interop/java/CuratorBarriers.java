import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Callable;
import java.util.Map;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.CuratorFrameworkFactory;
import org.apache.curator.framework.recipes.barriers.DistributedBarrier;
import org.apache.curator.framework.recipes.barriers.DistributedDoubleBarrier;
import org.apache.curator.retry.ExponentialBackoffRetry;

/**
 * Curator's barriers on command, one command a line, {@code number command path argument}; answers with {@code number answer} when it is
 * done, so that commands that wait do so side by side.
 */
public final class CuratorBarriers {
  private final CuratorFramework client;
  private final Map<String, DistributedDoubleBarrier> members = new ConcurrentHashMap<>();

  private CuratorBarriers(CuratorFramework client) {
    this.client = client;
  }

  public static void main(String[] args) throws Exception {
    int sessionTimeoutMs = Integer.parseInt(args[1]);
    CuratorFramework client =
        CuratorFrameworkFactory.newClient(args[0], sessionTimeoutMs, 10000, new ExponentialBackoffRetry(100, 5));
    client.start();
    client.blockUntilConnected();
    CuratorBarriers barriers = new CuratorBarriers(client);
    System.out.println("ready");
    BufferedReader commands = new BufferedReader(new InputStreamReader(System.in));
    for (String line = commands.readLine(); line != null; line = commands.readLine()) {
      String[] words = line.split(" ");
      new Thread(() -> say(words[0], () -> barriers.obey(words[1], words[2], words[3]))).start();
    }
    client.close();
  }

  private static void say(String number, Callable<String> work) {
    String answer;
    try {
      answer = work.call();
    } catch (Exception e) {
      answer = "failed " + e;
    }
    synchronized (System.out) {
      System.out.println(number + " " + answer);
    }
  }

  private String obey(String command, String path, String argument) throws Exception {
    switch (command) {
      case "set":
        new DistributedBarrier(client, path).setBarrier();
        return "done";
      case "remove":
        new DistributedBarrier(client, path).removeBarrier();
        return "done";
      case "wait":
        new DistributedBarrier(client, path).waitOnBarrier();
        return "through";
      case "enter":
        member(path, argument).enter();
        return "inside";
      case "leave":
        member(path, argument).leave();
        return "outside";
      default:
        return "unknown command " + command;
    }
  }

  private DistributedDoubleBarrier member(String path, String count) {
    return members.computeIfAbsent(path, key -> new DistributedDoubleBarrier(client, key, Integer.parseInt(count)));
  }
}
