import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.util.Arrays;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.CuratorFrameworkFactory;
import org.apache.curator.retry.ExponentialBackoffRetry;

/**
 * What the programs share: a client, and commands that come as lines {@code number command argument...} on standard input, each answered
 * by a line {@code number answer} on standard output. The end of the input ends the program.
 */
final class CuratorPeer {
  interface Program {
    String obey(String[] command) throws Exception;
  }

  private CuratorPeer() {}

  /** Connects as the first two arguments say: where to, and the session's timeout in milliseconds. */
  static CuratorFramework connect(String[] args) throws Exception {
    CuratorFramework client =
        CuratorFrameworkFactory.newClient(
            args[0], Integer.parseInt(args[1]), 10000, new ExponentialBackoffRetry(100, 5));
    client.start();
    client.blockUntilConnected();
    return client;
  }

  /** Obeys one command after the other, all in this thread: what a lock knows of its owner is the thread. */
  static void serve(CuratorFramework client, Program program) throws IOException {
    serve(client, program, Runnable::run);
  }

  /** Obeys every command in a thread of its own, so that those that wait do so side by side. */
  static void serveSideBySide(CuratorFramework client, Program program) throws IOException {
    serve(client, program, (work) -> new Thread(work).start());
  }

  private static void serve(
      CuratorFramework client, Program program, java.util.concurrent.Executor executor)
      throws IOException {
    System.out.println("ready");
    BufferedReader commands = new BufferedReader(new InputStreamReader(System.in));
    for (String line = commands.readLine(); line != null; line = commands.readLine()) {
      String[] words = line.split(" ");
      executor.execute(() -> answer(program, words));
    }
    client.close();
  }

  private static void answer(Program program, String[] words) {
    String answer;
    try {
      answer = program.obey(Arrays.copyOfRange(words, 1, words.length));
    } catch (Exception e) {
      answer = "failed " + e;
    }
    System.out.println(words[0] + " " + answer);
  }
}
