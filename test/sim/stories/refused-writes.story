# A write that is refused takes its place in the order like any other, and is told to the client that asked for it alone.
# Source: Apache ZooKeeper, PrepRequestProcessor: error transactions

cluster 3
  1 follower, serves clients, last 0:0
  2 follower, serves clients, last 0:0
  3 leader, serves clients, last 1:0
session s1 at 1
session s2 at 2
create s1 /a
settle
  1 > 3 REQUEST createSession of a new session
  3: proposes 1:1 createSession a new session
  2 > 3 REQUEST createSession of a new session
  3: proposes 1:2 createSession a new session
  3 > 2 PROPOSAL 1:1 createSession a new session
  3 > 1 PROPOSAL 1:1 createSession a new session
  3: disk has 1:1
  3 > 2 PROPOSAL 1:2 createSession a new session
  3 > 1 PROPOSAL 1:2 createSession a new session
  2: disk has 1:1
  1: disk has 1:1
  3: disk has 1:2
  2 > 3 ACK 1:1
  3: commits 1:1
  2: disk has 1:2
  1 > 3 ACK 1:1
  1: disk has 1:2
  3 > 2 COMMIT 1:1
  2: commits 1:1
  3 > 1 COMMIT 1:1
  1: commits 1:1
  s1: has its session, 10000 ms
  2 > 3 ACK 1:2
  3: commits 1:2
  1 > 3 ACK 1:2
  1 > 3 REQUEST create of s1
  3: proposes 1:3 create /a
  3 > 2 COMMIT 1:2
  2: commits 1:2
  s2: has its session, 10000 ms
  3 > 1 COMMIT 1:2
  1: commits 1:2
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
create s2 /a
delete s2 /missing
set s2 /a x 7
multi s2 /b /a
settle
  2 > 3 REQUEST create of s2
  3: proposes 1:4 error NodeExists
  2 > 3 REQUEST delete of s2
  3: proposes 1:5 error NoNode
  2 > 3 REQUEST setData of s2
  3: proposes 1:6 error BadVersion
  2 > 3 REQUEST multi of s2
  3: proposes 1:7 multi (create /b, error NodeExists)
  3 > 2 PROPOSAL 1:4 error NodeExists
  3 > 1 PROPOSAL 1:4 error NodeExists
  3: disk has 1:4
  3 > 2 PROPOSAL 1:5 error NoNode
  3 > 1 PROPOSAL 1:5 error NoNode
  3 > 2 PROPOSAL 1:6 error BadVersion
  3 > 1 PROPOSAL 1:6 error BadVersion
  3 > 2 PROPOSAL 1:7 multi (create /b, error NodeExists)
  3 > 1 PROPOSAL 1:7 multi (create /b, error NodeExists)
  2: disk has 1:4
  1: disk has 1:4
  3: disk has 1:7
  2 > 3 ACK 1:4
  3: commits 1:4
  2: disk has 1:7
  1 > 3 ACK 1:4
  1: disk has 1:7
  3 > 2 COMMIT 1:4
  2: commits 1:4
  s2: create /a: NodeExists (1:4)
  3 > 1 COMMIT 1:4
  1: commits 1:4
  2 > 3 ACK 1:5
  3: commits 1:5
  2 > 3 ACK 1:6
  3: commits 1:6
  2 > 3 ACK 1:7
  3: commits 1:7
  1 > 3 ACK 1:5
  1 > 3 ACK 1:6
  1 > 3 ACK 1:7
  3 > 2 COMMIT 1:5
  2: commits 1:5
  s2: delete /missing: NoNode (1:5)
  3 > 1 COMMIT 1:5
  1: commits 1:5
  3 > 2 COMMIT 1:6
  2: commits 1:6
  s2: set /a: BadVersion (1:6)
  3 > 1 COMMIT 1:6
  1: commits 1:6
  3 > 2 COMMIT 1:7
  2: commits 1:7
  s2: multi /b /a: ok (Ok, NodeExists) (1:7)
  3 > 1 COMMIT 1:7
  1: commits 1:7
expect 3 lacks /b
expect equal
