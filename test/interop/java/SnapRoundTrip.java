import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.util.HashMap;
import java.util.Map;
import org.apache.jute.BinaryInputArchive;
import org.apache.jute.BinaryOutputArchive;
import org.apache.zookeeper.server.DataTree;
import org.apache.zookeeper.server.util.SerializeUtils;

/** Takes a snapshot as a learner does after SNAP, and prints in hexadecimal what it would send as a leader. */
public class SnapRoundTrip {
    public static void main(String[] args) throws Exception {
        BinaryInputArchive in = BinaryInputArchive.getArchive(new BufferedInputStream(System.in));
        DataTree tree = new DataTree();
        Map<Long, Integer> sessions = new HashMap<>();
        SerializeUtils.deserializeSnapshot(tree, in, sessions);
        String signature = in.readString("signature");
        if (!signature.equals("BenWasHere") || System.in.read() != -1) {
            throw new IllegalStateException("after the snapshot came " + signature);
        }
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        BinaryOutputArchive out = BinaryOutputArchive.getArchive(bytes);
        SerializeUtils.serializeSnapshot(tree, out, sessions);
        out.writeString(signature, "signature");
        StringBuilder hex = new StringBuilder();
        for (byte b : bytes.toByteArray()) hex.append(String.format("%02x", b));
        System.out.println(hex);
    }
}
