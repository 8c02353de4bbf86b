# A session is closed through one server while its client asks for it at another: it ends once, and nobody gets it back.
# Source: ZOOKEEPER-558, races of moving and closing

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
# The close is on its way when the session is asked for anew.
close s1
move s1 2
settle
  1 > 3 REQUEST closeSession of s1
  3: proposes 1:3 closeSession s1 /e
  2 > 3 REVALIDATE s1
  3 > 2 PROPOSAL 1:3 closeSession s1 /e
  3 > 1 PROPOSAL 1:3 closeSession s1 /e
  3: disk has 1:3
  3 > 2 REVALIDATE s1 is gone
  s1: has no session
  s1: disconnected
  2: disk has 1:3
  1: disk has 1:3
  2 > 3 ACK 1:3
  3: commits 1:3
  1 > 3 ACK 1:3
  3 > 2 COMMIT 1:3
  2: commits 1:3
  3 > 1 COMMIT 1:3
  1: commits 1:3
  s1: its connection from before is closed
expect 1 lacks /e
expect 2 lacks /e
sessions 3
expect equal
