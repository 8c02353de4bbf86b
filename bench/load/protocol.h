// The little of the ZooKeeper client protocol that load.c needs: requests as bytes, and sessions over blocking sockets.
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CREATE = 1, EXISTS = 3, GET_DATA = 4, SET_DATA = 5, SYNC = 9, PING = 11, GET_CHILDREN2 = 12, CLOSE_SESSION = -11 };
enum { NODE_EXISTS = -110, PING_XID = -2, NOTIFICATION_XID = -1 };
enum { SESSION_TIMEOUT_MS = 30000, REQUEST_OVERHEAD_BYTES = 512 };
enum { EXIT_ERRORS = 1, EXIT_UNUSABLE = 2, EXIT_CLOSED = 3 };

static void fail(int status, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  fputs("load: ", stderr);
  vfprintf(stderr, format, arguments);
  fputc('\n', stderr);
  exit(status);
}

static void *allocate(size_t bytes) {
  void *memory = calloc(1, bytes);
  if (memory == NULL) fail(EXIT_UNUSABLE, "out of memory");
  return memory;
}

static uint8_t *put_int(uint8_t *at, int32_t value) {
  uint32_t network = htonl((uint32_t)value);
  memcpy(at, &network, 4);
  return at + 4;
}

static int32_t get_int(const uint8_t *at) {
  uint32_t network;
  memcpy(&network, at, 4);
  return (int32_t)ntohl(network);
}

static uint8_t *put_buffer(uint8_t *at, const void *bytes, int length) {
  at = put_int(at, length);
  memcpy(at, bytes, (size_t)length);
  return at + length;
}

// One frame; its length comes first and is known last.
static size_t put_request(uint8_t *frame, int32_t xid, int type, const char *path, const uint8_t *data, int data_bytes) {
  uint8_t *at = put_int(put_int(frame + 4, xid), type);
  if (path != NULL) at = put_buffer(at, path, (int)strlen(path));
  if (type == EXISTS || type == GET_DATA || type == GET_CHILDREN2) *at++ = 0;
  if (type == SET_DATA) at = put_int(put_buffer(at, data, data_bytes), -1);
  if (type == CREATE) {
    at = put_buffer(at, data, data_bytes);
    at = put_int(put_int(at, 1), 31);  // one ACL entry, all permissions
    at = put_buffer(put_buffer(at, "world", 5), "anyone", 6);
    at = put_int(at, 0);
  }
  put_int(frame, (int32_t)(at - frame - 4));
  return (size_t)(at - frame);
}

// ---- Blocking part: sessions and the tree ----------------------------------------------------------------------------------

static void read_fully(int fd, uint8_t *into, size_t length) {
  while (length > 0) {
    ssize_t got = read(fd, into, length);
    if (got == 0) fail(EXIT_UNUSABLE, "the server closed a connection");
    if (got < 0) fail(EXIT_UNUSABLE, "read: %s", strerror(errno));
    into += got;
    length -= (size_t)got;
  }
}

static void write_fully(int fd, const uint8_t *from, size_t length) {
  while (length > 0) {
    ssize_t put = write(fd, from, length);
    if (put < 0) fail(EXIT_UNUSABLE, "write: %s", strerror(errno));
    from += put;
    length -= (size_t)put;
  }
}

// The caller frees it.
static uint8_t *read_frame(int fd) {
  uint8_t head[4];
  read_fully(fd, head, 4);
  int32_t length = get_int(head);
  if (length < 16) fail(EXIT_UNUSABLE, "a frame of %d bytes is no reply", length);
  uint8_t *frame = allocate((size_t)length);
  read_fully(fd, frame, (size_t)length);
  return frame;
}

// A connection with a new session.
static int open_session(const char *address, int port) {
  struct sockaddr_in server = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
  if (inet_pton(AF_INET, address, &server.sin_addr) != 1) fail(EXIT_UNUSABLE, "%s: no IPv4 address", address);
  int fd = socket(AF_INET, SOCK_STREAM, 0), one = 1;
  if (fd < 0 || connect(fd, (struct sockaddr *)&server, sizeof server) != 0) {
    fail(EXIT_UNUSABLE, "%s:%d: %s", address, port, strerror(errno));
  }
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  uint8_t request[4 + 45] = {0};  // version 0, zxid 0, timeout, session 0, password of 16 zeros, not read-only
  put_int(request, 45);
  put_int(request + 16, SESSION_TIMEOUT_MS);
  put_int(request + 28, 16);
  write_fully(fd, request, sizeof request);
  uint8_t *response = read_frame(fd);
  if (get_int(response + 4) <= 0) fail(EXIT_UNUSABLE, "the server refused a session");
  free(response);
  return fd;
}

static void make_node(int fd, const char *path, const uint8_t *data, int data_bytes) {
  uint8_t *frame = allocate((size_t)data_bytes + REQUEST_OVERHEAD_BYTES);
  write_fully(fd, frame, put_request(frame, 1, CREATE, path, data, data_bytes));
  free(frame);
  uint8_t *reply = read_frame(fd);
  int32_t error = get_int(reply + 12);
  if (error != 0 && error != NODE_EXISTS) fail(EXIT_UNUSABLE, "create %s: error %d", path, error);
  free(reply);
}

// What the server answers after this is no older than what the leader had when it was asked.
static void sync_with_leader(int fd, const char *path) {
  uint8_t frame[REQUEST_OVERHEAD_BYTES];
  write_fully(fd, frame, put_request(frame, 1, SYNC, path, NULL, 0));
  uint8_t *reply = read_frame(fd);
  int32_t error = get_int(reply + 12);
  if (error != 0) fail(EXIT_UNUSABLE, "sync: error %d", error);
  free(reply);
}

static void close_session(int fd) {
  uint8_t frame[16];
  fcntl(fd, F_SETFL, 0);
  if (write(fd, frame, put_request(frame, 1, CLOSE_SESSION, NULL, NULL, 0)) < 0) return;  // the server may be gone: nothing to end
  shutdown(fd, SHUT_WR);
}
