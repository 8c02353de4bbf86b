import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Collection;
import java.util.Deque;
import java.util.concurrent.TimeUnit;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.recipes.locks.InterProcessMutex;
import org.apache.curator.framework.recipes.locks.InterProcessReadWriteLock;
import org.apache.curator.framework.recipes.locks.InterProcessSemaphoreV2;
import org.apache.curator.framework.recipes.locks.Lease;
import org.apache.curator.framework.recipes.shared.SharedCount;

/**
 * Takes part in Curator's read-write lock (at the path given, below {@code /rw}) and semaphore (below {@code /semaphore}, with the
 * limit given, or that of a shared count whose path is given too) on command. {@code read}, {@code write}, {@code permit}, {@code permits n} wait; {@code try-*} do not wait
 * for long and answer true or false; {@code free-*} give back; {@code turns n room} reads and writes in turn, {@code permit-turns n room}
 * takes permits, each time entering the room (a file) alone where it is to be alone.
 */
public final class CuratorSharedLocks {
  private static final long TRY_MS = 500;
  private final InterProcessReadWriteLock lock;
  private final InterProcessSemaphoreV2 semaphore;
  private final Deque<Lease> leases = new ArrayDeque<>();

  private CuratorSharedLocks(CuratorFramework client, String path, int limit) {
    lock = new InterProcessReadWriteLock(client, path + "/rw");
    semaphore = new InterProcessSemaphoreV2(client, path + "/semaphore", limit);
  }

  private CuratorSharedLocks(CuratorFramework client, String path, SharedCount limit) {
    lock = new InterProcessReadWriteLock(client, path + "/rw");
    semaphore = new InterProcessSemaphoreV2(client, path + "/semaphore", limit);
  }

  public static void main(String[] args) throws Exception {
    CuratorFramework client = CuratorPeer.connect(args);
    int limit = Integer.parseInt(args[3]);
    if (args.length == 4) {
      CuratorPeer.serve(client, new CuratorSharedLocks(client, args[2], limit)::obey);
      return;
    }
    SharedCount count = new SharedCount(client, args[4], limit);
    count.start();
    CuratorPeer.serve(client, new CuratorSharedLocks(client, args[2], count)::obey);
  }

  private String obey(String[] command) throws Exception {
    switch (command[0]) {
      case "read":
        lock.readLock().acquire();
        return "true";
      case "write":
        lock.writeLock().acquire();
        return "true";
      case "try-read":
        return "" + lock.readLock().acquire(TRY_MS, TimeUnit.MILLISECONDS);
      case "try-write":
        return "" + lock.writeLock().acquire(TRY_MS, TimeUnit.MILLISECONDS);
      case "free-read":
        lock.readLock().release();
        return "true";
      case "free-write":
        lock.writeLock().release();
        return "true";
      case "readers":
        return String.join(" ", lock.readLock().getParticipantNodes());
      case "permits":
        leases.addAll(semaphore.acquire(Integer.parseInt(command[1])));
        return "true";
      case "try-permits":
        Collection<Lease> got =
            semaphore.acquire(Integer.parseInt(command[1]), TRY_MS, TimeUnit.MILLISECONDS);
        if (got != null) leases.addAll(got);
        return "" + (got != null);
      case "free-permit":
        leases.removeFirst().close();
        return "true";
      case "holders":
        return "" + semaphore.getParticipantNodes().size();
      case "turns":
        return turns(Integer.parseInt(command[1]), Path.of(command[2]));
      case "permit-turns":
        return permitTurns(Integer.parseInt(command[1]), Path.of(command[2]));
      default:
        throw new IllegalArgumentException("unknown command " + command[0]);
    }
  }

  private String turns(int count, Path room) throws Exception {
    int wrong = 0;
    for (int i = 0; i < count; i++) {
      boolean write = i % 2 == 0;
      InterProcessMutex side = write ? lock.writeLock() : lock.readLock();
      side.acquire();
      try {
        if (write) wrong += aloneIn(room);
        else if (Files.exists(room)) wrong++;
      } finally {
        side.release();
      }
    }
    return "" + wrong;
  }

  private String permitTurns(int count, Path room) throws Exception {
    int wrong = 0;
    for (int i = 0; i < count; i++) {
      Lease lease = semaphore.acquire();
      try {
        wrong += enter(room);
      } finally {
        semaphore.returnLease(lease);
      }
    }
    return "" + wrong;
  }

  /** How often somebody else was in the room: 0 or 1. */
  private static int aloneIn(Path room) throws Exception {
    try {
      Files.createFile(room);
    } catch (FileAlreadyExistsException e) {
      return 1;
    }
    Thread.sleep(1);
    Files.delete(room);
    return 0;
  }

  /** Takes one of the two seats of a room; 1 if both are taken. */
  private static int enter(Path room) throws Exception {
    for (int seat = 0; seat < 2; seat++) {
      if (aloneIn(Path.of(room + "-" + seat)) == 0) return 0;
    }
    return 1;
  }
}
