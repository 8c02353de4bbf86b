import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.recipes.locks.InterProcessMutex;
import org.apache.curator.framework.recipes.locks.Revoker;

/**
 * Holds a revocable Curator lock on command: {@code acquire}, {@code release}, and {@code revoke path} to ask whoever owns the
 * node for its lock. Answers on standard output, one line a command; says {@code wanted} when somebody asks for its own.
 */
public final class CuratorRevocation {
  private CuratorRevocation() {}

  public static void main(String[] args) throws Exception {
    CuratorFramework client = CuratorPeer.connect(args);
    InterProcessMutex mutex = new InterProcessMutex(client, args[2]);
    mutex.makeRevocable(lock -> System.out.println("wanted"));
    CuratorPeer.serve(client, (command) -> obey(client, mutex, command));
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
        throw new IllegalArgumentException("unknown command " + command[0]);
    }
  }
}
