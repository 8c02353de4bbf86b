/* Real work with ZooKeeper's C client: each check prints "ok NAME" or "not ok NAME: reason". */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zookeeper/zookeeper.h>

static const char *hosts;
static char reason[512];

#define EXPECT(condition)                                                          \
  do {                                                                             \
    if (!(condition)) {                                                            \
      snprintf(reason, sizeof reason, "line %d: %s", __LINE__, #condition);        \
      return 0;                                                                    \
    }                                                                              \
  } while (0)

/* What a watcher has seen, for those who wait for it. */
struct seen {
  pthread_mutex_t mutex;
  pthread_cond_t changed;
  int count;
  int type;
  int state;
  char path[256];
};

static void seen_init(struct seen *seen) {
  memset(seen, 0, sizeof *seen);
  pthread_mutex_init(&seen->mutex, NULL);
  pthread_cond_init(&seen->changed, NULL);
}

static void see(zhandle_t *handle, int type, int state, const char *path, void *context) {
  struct seen *seen = context ? context : (struct seen *)zoo_get_context(handle);
  pthread_mutex_lock(&seen->mutex);
  seen->count++;
  seen->type = type;
  seen->state = state;
  snprintf(seen->path, sizeof seen->path, "%s", path ? path : "");
  pthread_cond_broadcast(&seen->changed);
  pthread_mutex_unlock(&seen->mutex);
}

static int wait_seen(struct seen *seen, int count) {
  struct timespec until;
  int in_time = 1;
  clock_gettime(CLOCK_REALTIME, &until);
  until.tv_sec += 20;
  pthread_mutex_lock(&seen->mutex);
  while (seen->count < count && in_time) in_time = pthread_cond_timedwait(&seen->changed, &seen->mutex, &until) == 0;
  pthread_mutex_unlock(&seen->mutex);
  return in_time;
}

static zhandle_t *open_session(struct seen *seen, const clientid_t *id) {
  zhandle_t *handle;
  seen_init(seen);
  handle = zookeeper_init(hosts, see, 10000, id, seen, 0);
  if (handle == NULL || !wait_seen(seen, 1) || seen->state != ZOO_CONNECTED_STATE) {
    fprintf(stderr, "not connected\n");
    exit(1);
  }
  return handle;
}

static int operations(void) {
  struct seen seen;
  struct Stat stat;
  struct String_vector children;
  char buffer[256];
  int length = sizeof buffer;
  zhandle_t *handle = open_session(&seen, NULL);
  EXPECT(zoo_create(handle, "/c", "one", 3, &ZOO_OPEN_ACL_UNSAFE, 0, buffer, sizeof buffer) == ZOK);
  EXPECT(strcmp(buffer, "/c") == 0);
  EXPECT(zoo_create(handle, "/c", "one", 3, &ZOO_OPEN_ACL_UNSAFE, 0, NULL, 0) == ZNODEEXISTS);
  EXPECT(zoo_get(handle, "/c", 0, buffer, &length, &stat) == ZOK);
  EXPECT(length == 3 && memcmp(buffer, "one", 3) == 0 && stat.version == 0);
  EXPECT(zoo_set2(handle, "/c", "two", 3, 0, &stat) == ZOK && stat.version == 1);
  EXPECT(zoo_set(handle, "/c", "three", 5, 0) == ZBADVERSION);
  EXPECT(zoo_create2(handle, "/c/s-", "", 0, &ZOO_OPEN_ACL_UNSAFE, ZOO_PERSISTENT_SEQUENTIAL, buffer, sizeof buffer, &stat) == ZOK);
  EXPECT(strcmp(buffer, "/c/s-0000000000") == 0 && stat.dataLength == 0);
  EXPECT(zoo_create(handle, "/c/null", NULL, -1, &ZOO_OPEN_ACL_UNSAFE, ZOO_EPHEMERAL, NULL, 0) == ZOK);
  length = sizeof buffer;
  EXPECT(zoo_get(handle, "/c/null", 0, buffer, &length, &stat) == ZOK && length == -1);
  EXPECT(stat.ephemeralOwner == zoo_client_id(handle)->client_id);
  EXPECT(zoo_create_ttl(handle, "/c/ttl", "", 0, &ZOO_OPEN_ACL_UNSAFE, ZOO_PERSISTENT_WITH_TTL, 3600000, NULL, 0) == ZOK);
  EXPECT(zoo_create(handle, "/c/container", "", 0, &ZOO_OPEN_ACL_UNSAFE, ZOO_CONTAINER, NULL, 0) == ZOK);
  EXPECT(zoo_get_children2(handle, "/c", 0, &children, &stat) == ZOK);
  EXPECT(children.count == 4 && stat.numChildren == 4 && stat.cversion == 4);
  deallocate_String_vector(&children);
  EXPECT(zoo_delete(handle, "/c", -1) == ZNOTEMPTY);
  EXPECT(zoo_delete(handle, "/c/null", -1) == ZOK);
  EXPECT(zoo_exists(handle, "/c/null", 0, &stat) == ZNONODE);
  EXPECT(zookeeper_close(handle) == ZOK);
  return 1;
}

static int watches(void) {
  struct seen seen, created, changed;
  struct Stat stat;
  char buffer[16];
  int length = sizeof buffer;
  zhandle_t *handle = open_session(&seen, NULL);
  seen_init(&created);
  seen_init(&changed);
  EXPECT(zoo_wexists(handle, "/c-watched", see, &created, &stat) == ZNONODE);
  EXPECT(zoo_create(handle, "/c-watched", "0", 1, &ZOO_OPEN_ACL_UNSAFE, 0, NULL, 0) == ZOK);
  EXPECT(wait_seen(&created, 1) && created.type == ZOO_CREATED_EVENT && strcmp(created.path, "/c-watched") == 0);
  EXPECT(zoo_wget(handle, "/c-watched", see, &changed, buffer, &length, &stat) == ZOK);
  EXPECT(zoo_set(handle, "/c-watched", "1", 1, -1) == ZOK);
  EXPECT(wait_seen(&changed, 1) && changed.type == ZOO_CHANGED_EVENT);
  EXPECT(zoo_wget(handle, "/c-watched", see, &changed, buffer, &length, &stat) == ZOK);
  EXPECT(zoo_remove_watches(handle, "/c-watched", ZWATCHTYPE_DATA, see, &changed, 0) == ZOK);
  EXPECT(zoo_set(handle, "/c-watched", "2", 1, -1) == ZOK);
  EXPECT(zoo_exists(handle, "/c-watched", 0, &stat) == ZOK && stat.version == 2);
  EXPECT(changed.count == 1);
  EXPECT(zookeeper_close(handle) == ZOK);
  return 1;
}

static int transactions(void) {
  struct seen seen;
  struct Stat stat;
  char made[64];
  zoo_op_t ops[4];
  zoo_op_result_t results[4];
  zhandle_t *handle = open_session(&seen, NULL);
  zoo_create_op_init(&ops[0], "/c-multi", "0", 1, &ZOO_OPEN_ACL_UNSAFE, 0, made, sizeof made);
  zoo_check_op_init(&ops[1], "/c-multi", 0);
  zoo_set_op_init(&ops[2], "/c-multi", "1", 1, 0, &stat);
  zoo_create_op_init(&ops[3], "/c-multi/a", "", 0, &ZOO_OPEN_ACL_UNSAFE, 0, NULL, 0);
  EXPECT(zoo_multi(handle, 4, ops, results) == ZOK);
  EXPECT(strcmp(made, "/c-multi") == 0 && stat.version == 1);
  zoo_set_op_init(&ops[0], "/c-multi", "2", 1, -1, &stat);
  zoo_delete_op_init(&ops[1], "/c-multi/none", -1);
  zoo_delete_op_init(&ops[2], "/c-multi/a", -1);
  EXPECT(zoo_multi(handle, 3, ops, results) == ZNONODE);
  EXPECT(results[0].err == ZOK && results[1].err == ZNONODE && results[2].err == ZRUNTIMEINCONSISTENCY);
  EXPECT(zoo_exists(handle, "/c-multi/a", 0, &stat) == ZOK);
  EXPECT(zookeeper_close(handle) == ZOK);
  return 1;
}

static void authenticated(int code, const void *context) {
  see(NULL, code, 0, "", (void *)context);
}

static int permissions(void) {
  struct seen seen, others, auth;
  struct ACL_vector acl;
  struct Stat stat;
  char buffer[16];
  int length = sizeof buffer;
  zhandle_t *alice = open_session(&seen, NULL);
  zhandle_t *bob = open_session(&others, NULL);
  seen_init(&auth);
  EXPECT(zoo_add_auth(alice, "digest", "alice:secret", 12, authenticated, &auth) == ZOK);
  EXPECT(wait_seen(&auth, 1) && auth.type == ZOK);
  EXPECT(zoo_create(alice, "/c-private", "x", 1, &ZOO_CREATOR_ALL_ACL, 0, NULL, 0) == ZOK);
  EXPECT(zoo_get(bob, "/c-private", 0, buffer, &length, &stat) == ZNOAUTH);
  EXPECT(zoo_get_acl(alice, "/c-private", &acl, &stat) == ZOK);
  EXPECT(acl.count == 1 && strcmp(acl.data[0].id.scheme, "digest") == 0 && strncmp(acl.data[0].id.id, "alice:", 6) == 0);
  EXPECT(zoo_set_acl(alice, "/c-private", 0, &ZOO_READ_ACL_UNSAFE) == ZOK);
  EXPECT(zoo_get(bob, "/c-private", 0, buffer, &length, &stat) == ZOK && stat.aversion == 1);
  EXPECT(zoo_set(bob, "/c-private", "y", 1, -1) == ZNOAUTH);
  EXPECT(zookeeper_close(alice) == ZOK && zookeeper_close(bob) == ZOK);
  return 1;
}

/* The end of a session takes its nodes away, and others are told. */
static int ephemerals(void) {
  struct seen seen, others, deleted;
  struct Stat stat;
  zhandle_t *owner = open_session(&seen, NULL);
  zhandle_t *other = open_session(&others, NULL);
  seen_init(&deleted);
  EXPECT(zoo_create(owner, "/c-ephemeral", "", 0, &ZOO_OPEN_ACL_UNSAFE, ZOO_EPHEMERAL, NULL, 0) == ZOK);
  EXPECT(zoo_wexists(other, "/c-ephemeral", see, &deleted, &stat) == ZOK);
  EXPECT(stat.ephemeralOwner == zoo_client_id(owner)->client_id);
  EXPECT(zookeeper_close(owner) == ZOK);
  EXPECT(wait_seen(&deleted, 1) && deleted.type == ZOO_DELETED_EVENT);
  EXPECT(zoo_exists(other, "/c-ephemeral", 0, &stat) == ZNONODE);
  EXPECT(zookeeper_close(other) == ZOK);
  return 1;
}

static void check(const char *name, int (*work)(void)) {
  if (work()) printf("ok %s\n", name);
  else printf("not ok %s: %s\n", name, reason);
  fflush(stdout);
}

int main(int argc, char **argv) {
  if (argc != 2) return 2;
  hosts = argv[1];
  zoo_set_debug_level(0);
  check("operations", operations);
  check("watches", watches);
  check("transactions", transactions);
  check("permissions", permissions);
  check("ephemerals", ephemerals);
  return 0;
}
