import java.util.concurrent.CountDownLatch;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.recipes.leader.LeaderLatch;
import org.apache.curator.framework.recipes.leader.LeaderSelector;
import org.apache.curator.framework.recipes.leader.LeaderSelectorListenerAdapter;
import org.apache.curator.framework.recipes.leader.Participant;

/**
 * Stands for election with a Curator latch or selector on command: {@code latch <path> <id>} and {@code selector <path> <id>} start
 * one, {@code leading} waits until it leads, {@code participants} lists the ids in line, the leader with a star, {@code resign} lets
 * the selector's leadership end, {@code close} closes either. Answers on standard output, one line a command.
 */
public final class CuratorLeader {
  private final CuratorFramework client;
  private LeaderLatch latch;
  private LeaderSelector selector;
  private volatile CountDownLatch resigned = new CountDownLatch(1);
  private final CountDownLatch leading = new CountDownLatch(1);

  private CuratorLeader(CuratorFramework client) {
    this.client = client;
  }

  public static void main(String[] args) throws Exception {
    CuratorFramework client = CuratorPeer.connect(args);
    CuratorPeer.serve(client, new CuratorLeader(client)::obey);
  }

  private String obey(String[] command) throws Exception {
    switch (command[0]) {
      case "latch":
        latch = new LeaderLatch(client, command[1], command[2]);
        latch.start();
        return "started";
      case "selector":
        startSelector(command[1], command[2]);
        return "started";
      case "leading":
        if (latch != null) latch.await();
        else leading.await();
        return "leads";
      case "participants":
        return participants();
      case "resign":
        resigned.countDown();
        return "resigned";
      case "close":
        if (latch != null) latch.close();
        else selector.close();
        return "closed";
      default:
        throw new IllegalArgumentException("unknown command " + command[0]);
    }
  }

  private void startSelector(String path, String id) {
    selector =
        new LeaderSelector(
            client,
            path,
            new LeaderSelectorListenerAdapter() {
              @Override
              public void takeLeadership(CuratorFramework ignored) throws Exception {
                leading.countDown();
                resigned.await();
              }
            });
    selector.setId(id);
    selector.start();
  }

  private String participants() throws Exception {
    StringBuilder list = new StringBuilder();
    for (Participant each : latch != null ? latch.getParticipants() : selector.getParticipants()) {
      list.append(each.getId()).append(each.isLeader() ? "* " : " ");
    }
    return list.toString().trim();
  }
}
