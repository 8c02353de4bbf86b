// load: keeps requests outstanding on many connections to a server of the ZooKeeper client protocol and times the replies.
//
// One thread, epoll, requests written straight into each connection's buffer, latencies counted in a histogram: it costs a
// fraction of what a server costs, so that the server is what is measured.
//
//   load -p port[,port...] [-a address] [-o get|exists|children|set|create|mixed|ping] [-c connections] [-w outstanding]
//        [-s data bytes] [-n znodes] [-r percent of reads in mixed] [-t seconds] [-u warm-up seconds] [-k operations]
//
// Connections are dealt out to the ports in turn, which must be servers of one ensemble. It makes /bench with `-n` children of `-s` bytes (those that exist stay), then every connection keeps `-w` requests under way:
// reads and sets on a child drawn at random, creates below one, children of /bench. Replies that come within the warm-up are
// not counted. It ends after `-t` seconds, after `-k` requests, or at SIGTERM, and prints one line of JSON. A latency runs from
// the moment a request is formatted to the moment its reply has been read; percentiles are exact to within 1 %.
//
// Exit status: 0; 1 if a reply carried an error; 2 if the server cannot be used; 3 if it closed a connection.
#define _GNU_SOURCE
#include <signal.h>
#include <stdbool.h>
#include <sys/epoll.h>
#include <time.h>

#include "histogram.h"
#include "protocol.h"

enum { READ_BYTES = 1 << 16, EVENTS_MAX = 256, PORTS_MAX = 16 };

static const char ROOT[] = "/bench";

static struct {
  const char *address, *operation;
  int ports[PORTS_MAX], port_count, connections, outstanding, data_bytes, znodes, read_percent;
  double seconds, warmup_seconds;
  uint64_t operations_max;
} options = {"127.0.0.1", "get", {0}, 0, 32, 16, 100, 100, 90, 4, 2, 0};

static uint8_t *data;
static volatile sig_atomic_t stop_signal;

static uint64_t now_ns(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static void make_tree(void) {
  int fd = open_session(options.address, options.ports[0]);
  char path[64];
  make_node(fd, ROOT, data, 0);
  for (int i = 0; i < options.znodes; i++) {
    snprintf(path, sizeof path, "%s/n%05d", ROOT, i);
    make_node(fd, path, data, options.data_bytes);
  }
  close_session(fd);
  close(fd);
}

// ---- Load ------------------------------------------------------------------------------------------------------------------

// A request under way. Replies come in the order of requests, so these form a ring.
typedef struct {
  uint64_t sent_ns;
  bool is_read;
} request;

typedef struct {
  int fd, outstanding, first;
  int32_t next_xid;
  bool wants_write;
  request *ring;
  uint8_t *in, *out;
  size_t in_length, in_capacity, out_length, out_sent;
} connection;

static struct {
  int epoll;
  uint64_t random, issued, created, start_ns, counted_from_ns, end_ns, last_reply_ns, gap_max_ns, operations, errors;
  histogram reads, writes, all;
} load;

static uint64_t draw(void) {
  load.random ^= load.random << 13;
  load.random ^= load.random >> 7;
  load.random ^= load.random << 17;
  return load.random;
}

static bool is_operation(const char *name) { return strcmp(options.operation, name) == 0; }

static int draw_type(void) {
  if (is_operation("get")) return GET_DATA;
  if (is_operation("exists")) return EXISTS;
  if (is_operation("children")) return GET_CHILDREN2;
  if (is_operation("set")) return SET_DATA;
  if (is_operation("create")) return CREATE;
  if (is_operation("ping")) return PING;
  return (int)(draw() % 100) < options.read_percent ? GET_DATA : SET_DATA;
}

static void add_request(connection *c) {
  int type = draw_type(), node = (int)((draw() >> 20) % (uint64_t)options.znodes);
  char path[96];
  if (type == GET_CHILDREN2) snprintf(path, sizeof path, "%s", ROOT);
  else if (type != CREATE) snprintf(path, sizeof path, "%s/n%05d", ROOT, node);
  else snprintf(path, sizeof path, "%s/n%05d/c%llu-%d", ROOT, node, (unsigned long long)load.created++, getpid());
  request *slot = &c->ring[(c->first + c->outstanding++) % options.outstanding];
  *slot = (request){now_ns(), type != SET_DATA && type != CREATE};
  int32_t xid = type == PING ? PING_XID : c->next_xid++;
  c->out_length += put_request(c->out + c->out_length, xid, type, type == PING ? NULL : path, data, options.data_bytes);
  load.issued++;
}

static void watch_socket(connection *c, int operation) {
  struct epoll_event event = {.events = EPOLLIN | (c->wants_write ? EPOLLOUT : 0u), .data.ptr = c};
  if (epoll_ctl(load.epoll, operation, c->fd, &event) != 0) fail(EXIT_UNUSABLE, "epoll_ctl: %s", strerror(errno));
}

static bool may_issue(void) { return options.operations_max == 0 || load.issued < options.operations_max; }

// Fills the window and sends. The buffer holds a whole window, and it is refilled only once it is empty.
static void fill_and_send(connection *c) {
  if (c->out_sent == c->out_length) {
    c->out_sent = c->out_length = 0;
    while (c->outstanding < options.outstanding && may_issue()) add_request(c);
  }
  while (c->out_sent < c->out_length) {
    ssize_t put = write(c->fd, c->out + c->out_sent, c->out_length - c->out_sent);
    if (put < 0 && errno == EAGAIN) break;
    if (put < 0) fail(EXIT_CLOSED, "write: %s", strerror(errno));
    c->out_sent += (size_t)put;
  }
  bool wants_write = c->out_sent < c->out_length;
  if (wants_write == c->wants_write) return;
  c->wants_write = wants_write;
  watch_socket(c, EPOLL_CTL_MOD);
}

static void take_reply(connection *c, const uint8_t *frame, uint64_t at_ns) {
  if (get_int(frame) == NOTIFICATION_XID) return;
  if (c->outstanding == 0) fail(EXIT_UNUSABLE, "a reply that nothing was asked for");
  if (get_int(frame + 12) != 0) load.errors++;
  request done = c->ring[c->first];
  c->first = (c->first + 1) % options.outstanding;
  c->outstanding--;
  if (at_ns >= load.counted_from_ns) {
    uint64_t before_ns = load.last_reply_ns > load.counted_from_ns ? load.last_reply_ns : load.counted_from_ns;
    if (at_ns - before_ns > load.gap_max_ns) load.gap_max_ns = at_ns - before_ns;
    count_latency(done.is_read ? &load.reads : &load.writes, at_ns - done.sent_ns);
    count_latency(&load.all, at_ns - done.sent_ns);
    load.operations++;
  }
  load.last_reply_ns = at_ns;
}

static void take_replies(connection *c) {
  uint64_t at_ns = now_ns();
  size_t at = 0;
  while (c->in_length - at >= 4) {
    size_t length = (size_t)get_int(c->in + at);
    if (c->in_length - at - 4 < length) {
      if (length + 4 > c->in_capacity) {
        c->in_capacity = 2 * length;
        c->in = realloc(c->in, c->in_capacity);
        if (c->in == NULL) fail(EXIT_UNUSABLE, "out of memory");
      }
      break;
    }
    take_reply(c, c->in + at + 4, at_ns);
    at += 4 + length;
  }
  memmove(c->in, c->in + at, c->in_length - at);
  c->in_length -= at;
}

static void receive(connection *c) {
  for (;;) {
    size_t room = c->in_capacity - c->in_length;
    ssize_t got = read(c->fd, c->in + c->in_length, room);
    if (got < 0 && errno == EAGAIN) return;
    if (got < 0) fail(EXIT_CLOSED, "read: %s", strerror(errno));
    if (got == 0) fail(EXIT_CLOSED, "the server closed a connection");
    c->in_length += (size_t)got;
    take_replies(c);
    if ((size_t)got < room) return;
  }
}

static connection *open_connections(void) {
  connection *all = allocate((size_t)options.connections * sizeof *all);
  for (int i = 0; i < options.connections; i++) {
    connection *c = &all[i];
    c->fd = open_session(options.address, options.ports[i % options.port_count]);
    // A follower may be behind the server where the tree was made.
    if (options.port_count > 1) sync_with_leader(c->fd, ROOT);
    c->next_xid = 1;
    c->in_capacity = READ_BYTES;
    c->in = allocate(c->in_capacity);
    c->out = allocate((size_t)options.outstanding * ((size_t)options.data_bytes + REQUEST_OVERHEAD_BYTES));
    c->ring = allocate((size_t)options.outstanding * sizeof *c->ring);
    fcntl(c->fd, F_SETFL, O_NONBLOCK);
    watch_socket(c, EPOLL_CTL_ADD);
  }
  return all;
}

static bool ended(uint64_t at_ns) {
  if (stop_signal || (options.seconds > 0 && at_ns >= load.end_ns)) return true;
  return !may_issue() && load.operations >= load.issued;
}

static void run(connection *all) {
  struct epoll_event events[EVENTS_MAX];
  load.start_ns = now_ns();
  load.counted_from_ns = load.start_ns + (uint64_t)(options.warmup_seconds * 1e9);
  load.end_ns = load.counted_from_ns + (uint64_t)(options.seconds * 1e9);
  for (int i = 0; i < options.connections; i++) fill_and_send(&all[i]);
  while (!ended(now_ns())) {
    int ready = epoll_wait(load.epoll, events, EVENTS_MAX, 100);
    for (int i = 0; i < ready; i++) {
      connection *c = events[i].data.ptr;
      if (events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) receive(c);
      fill_and_send(c);
    }
  }
}

// ---- Report and start ------------------------------------------------------------------------------------------------------

static void print_latency(const char *name, const histogram *h) {
  if (h->total == 0) printf(",\"%s\":null", name);
  else printf(",\"%s\":{\"count\":%llu,\"p50Us\":%.1f,\"p99Us\":%.1f,\"p999Us\":%.1f}", name, (unsigned long long)h->total,
              percentile_us(h, 0.5), percentile_us(h, 0.99), percentile_us(h, 0.999));
}

static void print_result(uint64_t end_ns) {
  double elapsed = end_ns > load.counted_from_ns ? (double)(end_ns - load.counted_from_ns) / 1e9 : 0;
  double gap_ms = (double)load.gap_max_ns / 1e6;
  printf("{\"operations\":%llu,\"errors\":%llu,\"seconds\":%.3f,\"opsPerSecond\":%.1f,\"gapMaxMs\":%.3f",
         (unsigned long long)load.operations, (unsigned long long)load.errors, elapsed,
         elapsed > 0 ? (double)load.operations / elapsed : 0, gap_ms);
  print_latency("all", &load.all);
  print_latency("reads", &load.reads);
  print_latency("writes", &load.writes);
  puts("}");
}

static void on_signal(int number) { stop_signal = number; }

static void read_ports(char *list) {
  for (char *one = strtok(list, ","); one != NULL; one = strtok(NULL, ",")) {
    if (options.port_count == PORTS_MAX) fail(EXIT_UNUSABLE, "-p: at most %d ports", PORTS_MAX);
    options.ports[options.port_count++] = atoi(one);
  }
}

static void read_options(int count, char **arguments) {
  for (int option; (option = getopt(count, arguments, "p:a:o:c:w:s:n:r:t:u:k:")) != -1;) switch (option) {
      case 'p': read_ports(optarg); break;
      case 'a': options.address = optarg; break;
      case 'o': options.operation = optarg; break;
      case 'c': options.connections = atoi(optarg); break;
      case 'w': options.outstanding = atoi(optarg); break;
      case 's': options.data_bytes = atoi(optarg); break;
      case 'n': options.znodes = atoi(optarg); break;
      case 'r': options.read_percent = atoi(optarg); break;
      case 't': options.seconds = atof(optarg); break;
      case 'u': options.warmup_seconds = atof(optarg); break;
      case 'k': options.operations_max = strtoull(optarg, NULL, 10); break;
      default: exit(EXIT_UNUSABLE);
    }
  static const char *const known[] = {"get", "exists", "children", "set", "create", "mixed", "ping"};
  bool found = false;
  for (size_t i = 0; i < sizeof known / sizeof *known; i++) found |= is_operation(known[i]);
  if (!found) fail(EXIT_UNUSABLE, "-o %s: no such operation", options.operation);
  bool has_ports = options.port_count > 0;
  for (int i = 0; i < options.port_count; i++) has_ports &= options.ports[i] > 0;
  if (!has_ports || options.connections < 1 || options.outstanding < 1 || options.znodes < 1 || options.data_bytes < 0) {
    fail(EXIT_UNUSABLE, "-p, -c, -w and -n must be at least 1, and -s at least 0");
  }
}

int main(int count, char **arguments) {
  read_options(count, arguments);
  signal(SIGTERM, on_signal);
  signal(SIGINT, on_signal);
  signal(SIGPIPE, SIG_IGN);
  data = allocate((size_t)options.data_bytes + 1);
  for (int i = 0; i < options.data_bytes; i++) data[i] = (uint8_t)('a' + i % 26);
  load.random = 88172645463325252u;
  make_tree();
  load.epoll = epoll_create1(0);
  connection *all = open_connections();
  run(all);
  uint64_t end_ns = now_ns();
  for (int i = 0; i < options.connections; i++) {
    if (all[i].out_sent == all[i].out_length) close_session(all[i].fd);
  }
  print_result(end_ns);
  return load.errors > 0 ? EXIT_ERRORS : 0;
}
