import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.state.ConnectionState;
import org.apache.curator.x.discovery.ServiceCache;
import org.apache.curator.x.discovery.ServiceDiscovery;
import org.apache.curator.x.discovery.ServiceDiscoveryBuilder;
import org.apache.curator.x.discovery.ServiceInstance;
import org.apache.curator.x.discovery.ServiceProvider;
import org.apache.curator.x.discovery.ServiceType;
import org.apache.curator.x.discovery.UriSpec;
import org.apache.curator.x.discovery.details.ServiceCacheListener;

/**
 * Curator's service discovery on command: {@code register type id port payload}, {@code unregister id}, {@code update id port
 * payload}, {@code query}, {@code pick n}, {@code uri id}. Payloads are JSON. Says {@code cache ids} whenever its cache of the service
 * changes; the answer to {@code query} is one line of JSON, with the class of each payload.
 */
public final class CuratorDiscovery {
  private static final String SERVICE = "cart";

  private final ObjectMapper json = new ObjectMapper();
  private final Map<String, ServiceInstance<Object>> registered = new HashMap<>();
  private final ServiceDiscovery<Object> discovery;
  private final ServiceCache<Object> cache;
  private final ServiceProvider<Object> provider;

  private CuratorDiscovery(CuratorFramework client, String path) throws Exception {
    discovery =
        ServiceDiscoveryBuilder.builder(Object.class).client(client).basePath(path).build();
    discovery.start();
    cache = discovery.serviceCacheBuilder().name(SERVICE).build();
    cache.addListener(
        new ServiceCacheListener() {
          @Override
          public void cacheChanged() {
            sayCache();
          }

          @Override
          public void stateChanged(CuratorFramework curator, ConnectionState state) {}
        });
    cache.start();
    provider = discovery.serviceProviderBuilder().serviceName(SERVICE).build();
    provider.start();
  }

  public static void main(String[] args) throws Exception {
    CuratorFramework client = CuratorPeer.connect(args);
    CuratorPeer.serve(client, new CuratorDiscovery(client, args[2])::obey);
  }

  private void sayCache() {
    List<String> ids = new ArrayList<>();
    for (ServiceInstance<Object> each : cache.getInstances()) {
      ids.add(each.getId() + ":" + each.getPort());
    }
    ids.sort(null);
    synchronized (System.out) {
      System.out.println("cache " + String.join(",", ids) + ";");
    }
  }

  private String obey(String[] command) throws Exception {
    switch (command[0]) {
      case "register":
        {
          ServiceInstance<Object> instance =
              instance(command[1], command[2], Integer.parseInt(command[3]), command[4]);
          registered.put(command[2], instance);
          discovery.registerService(instance);
          return "registered " + command[2];
        }
      case "update":
        {
          ServiceInstance<Object> before = registered.get(command[1]);
          ServiceInstance<Object> instance =
              instance(
                  before.getServiceType().name(), command[1], Integer.parseInt(command[2]), command[3]);
          registered.put(command[1], instance);
          discovery.updateService(instance);
          return "updated " + command[1];
        }
      case "unregister":
        discovery.unregisterService(registered.remove(command[1]));
        return "unregistered " + command[1];
      case "query":
        return json.writeValueAsString(query());
      case "pick":
        {
          List<String> ids = new ArrayList<>();
          for (int i = 0; i < Integer.parseInt(command[1]); i++) {
            ids.add(provider.getInstance().getId());
          }
          return String.join(" ", ids);
        }
      case "uri":
        return discovery.queryForInstance(SERVICE, command[1]).buildUriSpec();
      default:
        throw new IllegalArgumentException("unknown command " + command[0]);
    }
  }

  private ServiceInstance<Object> instance(String type, String id, int port, String payload)
      throws Exception {
    return ServiceInstance.builder()
        .name(SERVICE)
        .id(id)
        .address("10.1.1.1")
        .port(port)
        .payload(json.readValue(payload, Object.class))
        .serviceType(ServiceType.valueOf(type))
        .uriSpec(new UriSpec("{scheme}://{address}:{port}/{id}"))
        .build();
  }

  private Map<String, Object> query() throws Exception {
    Map<String, Object> found = new TreeMap<>();
    for (ServiceInstance<Object> each : discovery.queryForInstances(SERVICE)) {
      Map<String, Object> seen = new TreeMap<>();
      seen.put("port", each.getPort());
      seen.put("sslPort", each.getSslPort());
      seen.put("address", each.getAddress());
      seen.put("type", each.getServiceType().name());
      seen.put("time", each.getRegistrationTimeUTC());
      seen.put("enabled", each.isEnabled());
      Object payload = each.getPayload();
      seen.put("payload", payload);
      seen.put("class", payload == null ? null : payload.getClass().getName());
      found.put(each.getId(), seen);
    }
    return found;
  }
}
