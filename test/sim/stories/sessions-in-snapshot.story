# A server that got the tree as a snapshot knows the sessions in it: it can lead, and end those that do not come back.
# Source: Apache ZooKeeper, FileSnap: sessions stand in snapshots

cluster 3 cold
start 2 3
  2: has 0:0 from its disk
  2: looking
  3: has 0:0 from its disk
  3: looking
settle
  2: follower
  3: leader
  2: connected to 3
  2 > 3 FOLLOWERINFO acceptedEpoch 0
  3: acceptedEpoch 1, currentEpoch 0
  3 > 2 LEADERINFO epoch 1
  2: acceptedEpoch 1, currentEpoch 0
  2 > 3 ACKEPOCH last 0:0 currentEpoch 0
  3: acceptedEpoch 1, currentEpoch 1
  3 > 2 DIFF 0:0
  3 > 2 NEWLEADER 1:0
  2: acceptedEpoch 1, currentEpoch 1
  2 > 3 ACK 1:0
  3: leader, serves clients
  3 > 2 UPTODATE
  2: follower, serves clients
  2 > 3 ACK 1:0
session s2 at 2 timeout 4000
create s2 /e ephemeral
settle
  2 > 3 REQUEST createSession of a new session
  3: proposes 1:1 createSession a new session
  3 > 2 PROPOSAL 1:1 createSession a new session
  3: disk has 1:1
  2: disk has 1:1
  2 > 3 ACK 1:1
  3: commits 1:1
  3 > 2 COMMIT 1:1
  2: commits 1:1
  s2: has its session, 4000 ms
  2 > 3 REQUEST create of s2
  3: proposes 1:2 create /e
  3 > 2 PROPOSAL 1:2 create /e
  3: disk has 1:2
  2: disk has 1:2
  2 > 3 ACK 1:2
  3: commits 1:2
  3 > 2 COMMIT 1:2
  2: commits 1:2
  s2: create /e: ok (1:2)
start 1
  1: has 0:0 from its disk
  1: looking
settle
  1: follower
  1: connected to 3
  1 > 3 FOLLOWERINFO acceptedEpoch 0
  3 > 1 LEADERINFO epoch 1
  1: acceptedEpoch 1, currentEpoch 0
  1 > 3 ACKEPOCH last 0:0 currentEpoch 0
  3 > 1 SNAP 1:2
  1: has the tree of 3, 1:2
  3 > 1 NEWLEADER 1:0
  1: acceptedEpoch 1, currentEpoch 1
  1 > 3 ACK 1:0
  3 > 1 UPTODATE
  1: follower, serves clients
  1 > 3 ACK 1:0
kill 2
  2: down
  s2: disconnected
create 3 /x
settle
  3: proposes 1:3 createSession a new session
  3 > 1 PROPOSAL 1:3 createSession a new session
  3: disk has 1:3
  1: disk has 1:3
  1 > 3 ACK 1:3
  3: commits 1:3
  3: proposes 1:4 create /x
  client-3: has its session, 10000 ms
  3 > 1 COMMIT 1:3
  1: commits 1:3
  3 > 1 PROPOSAL 1:4 create /x
  3: disk has 1:4
  1: disk has 1:4
  1 > 3 ACK 1:4
  3: commits 1:4
  client-3: create /x: ok (1:4)
  3 > 1 COMMIT 1:4
  1: commits 1:4
kill 3
  3: down
  client-3: disconnected
start 2
  2: has 1:2 from its disk
  2: looking
settle
  1: loses the connection to 3
  1: "the role as follower is over: the connection ended"
  1: looking
  2: follower
  1: leader
  2: connected to 1
  2 > 1 FOLLOWERINFO acceptedEpoch 1
  1: acceptedEpoch 2, currentEpoch 1
  1 > 2 LEADERINFO epoch 2
  2: acceptedEpoch 2, currentEpoch 1
  2 > 1 ACKEPOCH last 1:2 currentEpoch 1
  1: acceptedEpoch 2, currentEpoch 2
  1 > 2 DIFF 1:4
  1 > 2 PROPOSAL 1:3 createSession client-3
  1 > 2 COMMIT 1:3
  2: applies 1:3
  1 > 2 PROPOSAL 1:4 create /x
  1 > 2 COMMIT 1:4
  2: applies 1:4
  1 > 2 NEWLEADER 2:0
  2: disk has 1:3
  2: disk has 1:4
  2: acceptedEpoch 2, currentEpoch 2
  2 > 1 ACK 2:0
  1: leader, serves clients
  1 > 2 UPTODATE
  2: follower, serves clients
  2 > 1 ACK 2:0
expect leader 1
expect 1 has /e
tick 5000
  1: proposes 2:1 closeSession s2 /e
  1 > 2 PROPOSAL 2:1 closeSession s2 /e
  1: disk has 2:1
  2: disk has 2:1
  2 > 1 ACK 2:1
  1: commits 2:1
  1 > 2 COMMIT 2:1
  2: commits 2:1
settle
expect 1 lacks /e
expect 2 lacks /e
