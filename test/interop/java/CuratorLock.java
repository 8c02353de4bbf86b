import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.recipes.locks.InterProcessLock;
import org.apache.curator.framework.recipes.locks.InterProcessMultiLock;
import org.apache.curator.framework.recipes.locks.InterProcessMutex;
import org.apache.curator.framework.recipes.locks.InterProcessSemaphoreMutex;

/**
 * Contends for locks of Curator's on command: {@code use kind path} says for which ({@code mutex}, {@code semaphore-mutex} or {@code multi},
 * which is a mutex and a semaphore mutex below the path), {@code acquire}, {@code try}, which does not wait for long, {@code release},
 * {@code participants} of a mutex, and {@code turns n room} to take the lock n times, each time entering a room (a file that only one
 * may have made); the answer to that is how often somebody else was in it.
 */
public final class CuratorLock {
  private static final long TRY_MS = 300;
  private final CuratorFramework client;
  private InterProcessLock lock;

  private CuratorLock(CuratorFramework client) {
    this.client = client;
  }

  public static void main(String[] args) throws Exception {
    CuratorFramework client = CuratorPeer.connect(args);
    CuratorPeer.serve(client, new CuratorLock(client)::obey);
  }

  private InterProcessLock lock(String kind, String path) {
    switch (kind) {
      case "mutex":
        return new InterProcessMutex(client, path);
      case "semaphore-mutex":
        return new InterProcessSemaphoreMutex(client, path);
      default:
        return new InterProcessMultiLock(
            Arrays.asList(lock("mutex", path + "/one"), lock("semaphore-mutex", path + "/two")));
    }
  }

  private String obey(String[] command) throws Exception {
    switch (command[0]) {
      case "use":
        lock = lock(command[1], command[2]);
        return "done";
      case "acquire":
        lock.acquire();
        return "acquired";
      case "try":
        return String.valueOf(lock.acquire(TRY_MS, TimeUnit.MILLISECONDS));
      case "release":
        lock.release();
        return "released";
      case "participants":
        return String.join(" ", ((InterProcessMutex) lock).getParticipantNodes());
      case "turns":
        return String.valueOf(turns(Integer.parseInt(command[1]), Path.of(command[2])));
      default:
        throw new IllegalArgumentException("unknown command " + command[0]);
    }
  }

  private int turns(int count, Path room) throws Exception {
    int shared = 0;
    for (int i = 0; i < count; i++) {
      lock.acquire();
      try {
        Files.createFile(room);
        Thread.sleep(1);
        Files.delete(room);
      } catch (FileAlreadyExistsException e) {
        shared++;
      } finally {
        lock.release();
      }
    }
    return shared;
  }
}
