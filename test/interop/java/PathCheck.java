import java.io.BufferedReader;
import java.io.InputStreamReader;
import org.apache.zookeeper.common.PathUtils;

/** Reads paths as lines of hexadecimal UTF-16 units and says for each, plain and sequential, whether ZooKeeper accepts it. */
public class PathCheck {
    static boolean valid(String path, boolean sequential) {
        try {
            PathUtils.validatePath(path, sequential);
            return true;
        } catch (IllegalArgumentException refused) {
            return false;
        }
    }

    public static void main(String[] args) throws Exception {
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in));
        StringBuilder answers = new StringBuilder();
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            StringBuilder path = new StringBuilder();
            for (int at = 0; at < line.length(); at += 4) {
                path.append((char) Integer.parseInt(line.substring(at, at + 4), 16));
            }
            answers.append(valid(path.toString(), false) ? '1' : '0').append(valid(path.toString(), true) ? '1' : '0').append('\n');
        }
        System.out.print(answers);
    }
}
