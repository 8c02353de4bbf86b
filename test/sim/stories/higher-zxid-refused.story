# A client that has seen a later zxid than a server is sent away by it, until the server has caught up.
# Source: Apache ZooKeeper, ZooKeeperServer.processConnectRequest: it hangs up without an answer

cluster 3
  1 follower, serves clients, last 0:0
  2 follower, serves clients, last 0:0
  3 leader, serves clients, last 1:0
session s1 at 2
settle
  2 > 3 REQUEST createSession of a new session
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
  s1: has its session, 10000 ms
  3 > 1 COMMIT 1:1
  1: commits 1:1
# Nothing reaches server 1 any more, and it does not know yet.
hold 3 > 1
create s1 /a
settle
  2 > 3 REQUEST create of s1
  3: proposes 1:2 create /a
  3 > 2 PROPOSAL 1:2 create /a
  3: disk has 1:2
  2: disk has 1:2
  2 > 3 ACK 1:2
  3: commits 1:2
  3 > 2 COMMIT 1:2
  2: commits 1:2
  s1: create /a: ok (1:2)
move s1 1
settle
  s1: disconnected
release 3 > 1
settle
  3 > 1 PROPOSAL 1:2 create /a
  3 > 1 COMMIT 1:2
  1: commits 1:2
  1: disk has 1:2
  1 > 3 ACK 1:2
move s1 1
get s1 /a
settle
  1 > 3 REVALIDATE s1
  3 > 1 REVALIDATE s1 lives
  s1: has its session, 10000 ms
  s1: get /a: ok "/a" (1:2)
