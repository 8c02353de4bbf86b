import java.io.BufferedReader;
import java.io.InputStreamReader;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.CuratorFrameworkFactory;
import org.apache.curator.framework.recipes.locks.InterProcessMutex;
import org.apache.curator.framework.recipes.locks.Revoker;
import org.apache.curator.retry.ExponentialBackoffRetry;

/**
 * Holds a revocable Curator lock on command: {@code acquire}, {@code release}, and {@code revoke path} to ask whoever owns the
 * node for its lock. Answers on standard output, one line a command; says {@code wanted} when somebody asks for its own.
 */
public final class CuratorRevocation {
  private CuratorRevocation() {}

  public static void main(String[] args) throws Exception {
    CuratorFramework client =
        CuratorFrameworkFactory.newClient(args[0], 4000, 10000, new ExponentialBackoffRetry(100, 5));
    client.start();
    client.blockUntilConnected();
    InterProcessMutex mutex = new InterProcessMutex(client, args[1]);
    mutex.makeRevocable(lock -> System.out.println("wanted"));
    System.out.println("ready");
    BufferedReader commands = new BufferedReader(new InputStreamReader(System.in));
    for (String line = commands.readLine(); line != null; line = commands.readLine()) {
      System.out.println(obey(client, mutex, line.split(" ")));
    }
    client.close();
  }

  private static String obey(CuratorFramework client, InterProcessMutex mutex, String[] command)
      throws Exception {
    switch (command[0]) {
      case "acquire":
        mutex.acquire();
        return "acquired";
      case "release":
        mutex.release();
        return "released";
      case "revoke":
        Revoker.attemptRevoke(client, command[1]);
        return "asked";
      default:
        return "unknown command " + command[0];
    }
  }
}
