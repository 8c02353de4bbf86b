import java.util.concurrent.ConcurrentHashMap;
import java.util.Map;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.recipes.barriers.DistributedBarrier;
import org.apache.curator.framework.recipes.barriers.DistributedDoubleBarrier;

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
    CuratorFramework client = CuratorPeer.connect(args);
    CuratorBarriers barriers = new CuratorBarriers(client);
    CuratorPeer.serveSideBySide(client, (words) -> barriers.obey(words[0], words[1], words[2]));
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
        throw new IllegalArgumentException("unknown command " + command);
    }
  }

  private DistributedDoubleBarrier member(String path, String count) {
    return members.computeIfAbsent(path, key -> new DistributedDoubleBarrier(client, key, Integer.parseInt(count)));
  }
}
