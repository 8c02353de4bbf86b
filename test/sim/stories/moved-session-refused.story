# A session is its last server's. A request that reaches the leader through the one before is refused as moved, and ends there.
# Source: ZOOKEEPER-710: the old connection is torn down without an ordinary reply

cluster 3
  1 follower, serves clients, last 0:0
  2 follower, serves clients, last 0:0
  3 leader, serves clients, last 1:0
session s1 at 1
create s1 /e ephemeral
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
  1 > 3 REQUEST create of s1
  3: proposes 1:2 create /e
  3 > 2 PROPOSAL 1:2 create /e
  3 > 1 PROPOSAL 1:2 create /e
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
  s1: create /e: ok (1:2)
# What server 1 forwards is on its way for long; meanwhile the client is at server 2 already.
hold 1 > 3
create s1 /through-1
tick 10
move s1 2
settle
  2 > 3 REVALIDATE s1
  3 > 2 REVALIDATE s1 lives
  s1: has its session, 10000 ms
create s1 /through-2
settle
  2 > 3 REQUEST create of s1
  3: proposes 1:3 create /through-2
  3 > 2 PROPOSAL 1:3 create /through-2
  3 > 1 PROPOSAL 1:3 create /through-2
  3: disk has 1:3
  2: disk has 1:3
  1: disk has 1:3
  2 > 3 ACK 1:3
  3: commits 1:3
  3 > 2 COMMIT 1:3
  2: commits 1:3
  s1: create /through-2: ok (1:3)
  3 > 1 COMMIT 1:3
  1: commits 1:3
release 1 > 3
settle
  1 > 3 REQUEST create of s1
  3: proposes 1:4 error SessionMoved
  1 > 3 ACK 1:3
  3 > 2 PROPOSAL 1:4 error SessionMoved
  3 > 1 PROPOSAL 1:4 error SessionMoved
  3: disk has 1:4
  2: disk has 1:4
  1: disk has 1:4
  2 > 3 ACK 1:4
  3: commits 1:4
  1 > 3 ACK 1:4
  3 > 2 COMMIT 1:4
  2: commits 1:4
  3 > 1 COMMIT 1:4
  1: commits 1:4
  s1: its connection from before is closed
expect 3 lacks /through-1
expect 3 has /through-2 /e
expect equal
