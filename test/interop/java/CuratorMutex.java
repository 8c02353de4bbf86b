import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.CuratorFrameworkFactory;
import org.apache.curator.framework.recipes.locks.InterProcessMutex;
import org.apache.curator.retry.ExponentialBackoffRetry;

/**
 * Contends for a Curator lock on command: {@code acquire}, {@code release}, {@code participants}, and {@code turns n} to take the
 * lock n times, each time entering a room (a file that only one may have made) that admits one at a time. Answers on standard
 * output, one line a command.
 */
public final class CuratorMutex {
  private final InterProcessMutex mutex;
  private final Path room;

  private CuratorMutex(InterProcessMutex mutex, Path room) {
    this.mutex = mutex;
    this.room = room;
  }

  public static void main(String[] args) throws Exception {
    CuratorFramework client =
        CuratorFrameworkFactory.newClient(args[0], 4000, 10000, new ExponentialBackoffRetry(100, 5));
    client.start();
    client.blockUntilConnected();
    CuratorMutex contender = new CuratorMutex(new InterProcessMutex(client, args[1]), Path.of(args[2]));
    System.out.println("ready");
    BufferedReader commands = new BufferedReader(new InputStreamReader(System.in));
    for (String line = commands.readLine(); line != null; line = commands.readLine()) {
      System.out.println(contender.obey(line.split(" ")));
    }
    client.close();
  }

  private String obey(String[] command) throws Exception {
    switch (command[0]) {
      case "acquire":
        mutex.acquire();
        return "acquired";
      case "release":
        mutex.release();
        return "released";
      case "participants":
        return "participants " + String.join(" ", mutex.getParticipantNodes());
      case "turns":
        return turns(Integer.parseInt(command[1]));
      default:
        return "unknown command " + command[0];
    }
  }

  private String turns(int count) throws Exception {
    int shared = 0;
    for (int i = 0; i < count; i++) {
      mutex.acquire();
      try {
        Files.createFile(room);
        Thread.sleep(1);
        Files.delete(room);
      } catch (FileAlreadyExistsException e) {
        shared++;
      } finally {
        mutex.release();
      }
    }
    return "took " + count + " turns, shared " + shared;
  }
}
