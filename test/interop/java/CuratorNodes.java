import java.io.Closeable;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.recipes.cache.ChildData;
import org.apache.curator.framework.recipes.cache.CuratorCache;
import org.apache.curator.framework.recipes.cache.CuratorCacheListener;
import org.apache.curator.framework.recipes.nodes.GroupMember;
import org.apache.curator.framework.recipes.nodes.PersistentNode;
import org.apache.curator.framework.recipes.nodes.PersistentTtlNode;
import org.apache.zookeeper.CreateMode;

/**
 * Curator's caches, groups and kept nodes on command, one command a line, {@code number command path arguments}; answers with
 * {@code number answer}.
 */
public final class CuratorNodes {
  private final CuratorFramework client;
  private final Map<String, Closeable> open = new HashMap<>();

  private CuratorNodes(CuratorFramework client) {
    this.client = client;
  }

  public static void main(String[] args) throws Exception {
    CuratorFramework client = CuratorPeer.connect(args);
    CuratorPeer.serve(client, new CuratorNodes(client)::obey);
  }

  private String obey(String[] command) throws Exception {
    String path = command[1];
    switch (command[0]) {
      case "create":
        client.create().creatingParentsIfNeeded().forPath(path, command[2].getBytes());
        return "done";
      case "pack":
        client.create().compressed().creatingParentsIfNeeded().forPath(path, command[2].getBytes());
        return "done";
      case "unpack":
        return new String(client.getData().decompressed().forPath(path));
      case "set":
        client.setData().forPath(path, command[2].getBytes());
        return "done";
      case "delete":
        client.delete().deletingChildrenIfNeeded().forPath(path);
        return "done";
      case "cache":
        return cache(path);
      case "holds":
        return listed(
            ((CuratorCache) open.get("cache " + path)).stream()
                .collect(Collectors.toMap(ChildData::getPath, ChildData::getData)));
      case "join":
        GroupMember member = new GroupMember(client, path, command[2], command[3].getBytes());
        member.start();
        open.put("member " + path, member);
        return "done";
      case "members":
        return listed(((GroupMember) open.get("member " + path)).getCurrentMembers());
      case "leave":
        open.remove("member " + path).close();
        return "done";
      case "keep":
        PersistentNode node =
            new PersistentNode(client, CreateMode.EPHEMERAL, false, path, command[2].getBytes());
        node.start();
        open.put("node " + path, node);
        return node.waitForInitialCreate(10, TimeUnit.SECONDS) ? node.getActualPath() : "late";
      case "drop":
        open.remove("node " + path).close();
        return "done";
      case "ttl":
        PersistentTtlNode ttl =
            new PersistentTtlNode(client, path, Long.parseLong(command[2]), command[3].getBytes());
        ttl.start();
        open.put("ttl " + path, ttl);
        return String.valueOf(ttl.waitForInitialCreate(10, TimeUnit.SECONDS));
      default:
        throw new IllegalArgumentException("unknown command " + command[0]);
    }
  }

  private String cache(String path) throws Exception {
    CuratorCache cache = CuratorCache.build(client, path);
    CountDownLatch initialized = new CountDownLatch(1);
    cache.listenable().addListener(CuratorCacheListener.builder().forInitialized(initialized::countDown).build());
    cache.start();
    open.put("cache " + path, cache);
    return initialized.await(20, TimeUnit.SECONDS) ? "done" : "late";
  }

  private static String listed(Map<String, byte[]> contents) {
    Map<String, String> sorted = new TreeMap<>();
    contents.forEach((name, data) -> sorted.put(name, new String(data)));
    return sorted.entrySet().stream().map(e -> e.getKey() + "=" + e.getValue()).collect(Collectors.joining(" "));
  }
}
