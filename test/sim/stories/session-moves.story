# A session moves to another server with its ephemeral nodes; what comes through the old one is refused, and that connection ends.
# Source: Apache ZooKeeper, SessionTrackerImpl.checkSession; ZOOKEEPER-710

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
move s1 2
settle
  2 > 3 REVALIDATE s1
  3 > 2 REVALIDATE s1 lives
  s1: has its session, 10000 ms
get s1 /e
create s1 /late
settle
  s1: get /e: ok "/e" (1:2)
  2 > 3 REQUEST create of s1
  3: proposes 1:3 create /late
  3 > 2 PROPOSAL 1:3 create /late
  3 > 1 PROPOSAL 1:3 create /late
  3: disk has 1:3
  2: disk has 1:3
  1: disk has 1:3
  2 > 3 ACK 1:3
  3: commits 1:3
  1 > 3 ACK 1:3
  3 > 2 COMMIT 1:3
  2: commits 1:3
  s1: create /late: ok (1:3)
  3 > 1 COMMIT 1:3
  1: commits 1:3
sessions 3
  s1
expect 1 has /e
# And to the leader itself.
move s1 3
settle
  s1: has its session, 10000 ms
delete s1 /e
settle
  3: proposes 1:4 delete /e
  3 > 2 PROPOSAL 1:4 delete /e
  3 > 1 PROPOSAL 1:4 delete /e
  3: disk has 1:4
  2: disk has 1:4
  1: disk has 1:4
  2 > 3 ACK 1:4
  3: commits 1:4
  s1: delete /e: ok (1:4)
  1 > 3 ACK 1:4
  3 > 2 COMMIT 1:4
  2: commits 1:4
  3 > 1 COMMIT 1:4
  1: commits 1:4
expect equal
