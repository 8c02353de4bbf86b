# A follower that dies while a session is being closed does not keep its ephemeral nodes when it is back.
# Source: ZOOKEEPER-2355 (EphemeralNodeDeletionTest)

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
slow-disk 2
close s1
until 3 > 2 COMMIT
  1 > 3 REQUEST closeSession of s1
  3: proposes 1:3 closeSession s1 /e
  3 > 2 PROPOSAL 1:3 closeSession s1 /e
  3 > 1 PROPOSAL 1:3 closeSession s1 /e
  3: disk has 1:3
  1: disk has 1:3
  1 > 3 ACK 1:3
  3: commits 1:3
  3 > 2 COMMIT 1:3
  2: commits 1:3
# It was told of the commit, and its disk has nothing.
crash 2
  2: down
fast-disk 2
settle
  3 > 1 COMMIT 1:3
  1: commits 1:3
  s1: close: ok (1:3)
  s1: disconnected
expect 1 lacks /e
start 2
  2: has 1:2 from its disk
  2: looking
# As its disk has it, until it is told.
expect 2 has /e
settle
  2: follower
  2: connected to 3
  2 > 3 FOLLOWERINFO acceptedEpoch 1
  3 > 2 LEADERINFO epoch 1
  2 > 3 ACKEPOCH last 1:2 currentEpoch -1
  3 > 2 DIFF 1:3
  3 > 2 PROPOSAL 1:3 closeSession s1 /e
  3 > 2 COMMIT 1:3
  2: applies 1:3
  3 > 2 NEWLEADER 1:0
  2: disk has 1:3
  2 > 3 ACK 1:0
  3 > 2 UPTODATE
  2: follower, serves clients
  2 > 3 ACK 1:0
expect 2 lacks /e
expect equal
