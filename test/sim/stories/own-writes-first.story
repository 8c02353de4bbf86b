# A client reads its own writes: a read behind a write waits for it, on a follower too.
# Source: Apache ZooKeeper, consistency guarantees: a client's requests are done in its order

cluster 3
  1 follower, serves clients, last 0:0
  2 follower, serves clients, last 0:0
  3 leader, serves clients, last 1:0
session s1 at 1
settle
  1 > 3 REQUEST createSession of a new session
  3: proposes 1:1 createSession a new session
  3 > 2 PROPOSAL 1:1 createSession a new session
  3 > 1 PROPOSAL 1:1 createSession a new session
  3: disk has 1:1
  2: disk has 1:1
  1: disk has 1:1
  2 > 3 ACK 1:1
  3: commits 1:1
  1 > 3 ACK 1:1
  3 > 2 COMMIT 1:1
  2: commits 1:1
  3 > 1 COMMIT 1:1
  1: commits 1:1
  s1: has its session, 10000 ms
# Another client's read does not wait.
session s2 at 1
settle
  1 > 3 REQUEST createSession of a new session
  3: proposes 1:2 createSession a new session
  3 > 2 PROPOSAL 1:2 createSession a new session
  3 > 1 PROPOSAL 1:2 createSession a new session
  3: disk has 1:2
  2: disk has 1:2
  1: disk has 1:2
  2 > 3 ACK 1:2
  3: commits 1:2
  1 > 3 ACK 1:2
  3 > 2 COMMIT 1:2
  2: commits 1:2
  3 > 1 COMMIT 1:2
  1: commits 1:2
  s2: has its session, 10000 ms
hold 1 > 3
create s1 /a
get s1 /a
children s2 /
settle
  s2: children /: ok [zookeeper] (1:2)
release 1 > 3
settle
  1 > 3 REQUEST create of s1
  3: proposes 1:3 create /a
  3 > 2 PROPOSAL 1:3 create /a
  3 > 1 PROPOSAL 1:3 create /a
  3: disk has 1:3
  2: disk has 1:3
  1: disk has 1:3
  2 > 3 ACK 1:3
  3: commits 1:3
  1 > 3 ACK 1:3
  3 > 2 COMMIT 1:3
  2: commits 1:3
  3 > 1 COMMIT 1:3
  1: commits 1:3
  s1: create /a: ok (1:3)
  s1: get /a: ok "/a" (1:3)
