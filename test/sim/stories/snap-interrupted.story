# A leader that dies between SNAP and NEWLEADER: the tree that was received is thrown away, as the disk does not have it.
# Source: ZOOKEEPER-3642

cluster 3 cold commit-log 2
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
create 2 /a
create 2 /b
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
  client-2: has its session, 10000 ms
  2 > 3 REQUEST create of client-2
  3: proposes 1:2 create /a
  2 > 3 REQUEST create of client-2
  3: proposes 1:3 create /b
  3 > 2 PROPOSAL 1:2 create /a
  3: disk has 1:2
  3 > 2 PROPOSAL 1:3 create /b
  2: disk has 1:2
  3: disk has 1:3
  2 > 3 ACK 1:2
  3: commits 1:2
  2: disk has 1:3
  3 > 2 COMMIT 1:2
  2: commits 1:2
  client-2: create /a: ok (1:2)
  2 > 3 ACK 1:3
  3: commits 1:3
  3 > 2 COMMIT 1:3
  2: commits 1:3
  client-2: create /b: ok (1:3)
start 1
  1: has 0:0 from its disk
  1: looking
until has the tree of 3
  1: follower
  1: connected to 3
  1 > 3 FOLLOWERINFO acceptedEpoch 0
  3 > 1 LEADERINFO epoch 1
  1: acceptedEpoch 1, currentEpoch 0
  1 > 3 ACKEPOCH last 0:0 currentEpoch 0
  3 > 1 SNAP 1:3
  1: has the tree of 3, 1:3
# Server 1 has the leader's tree in memory, and nothing on disk. Now the leader is gone.
partition 3 | 1
kill 3
  3: down
settle
  2: loses the connection to 3
  2: "the role as follower is over: the connection ended"
  2: looking
  client-2: disconnected
tick 10400
  1: "the role as follower is over: the leader has been silent for 10496 ms"
  1: has 0:0 from its disk
  1: looking
  2: leader
  1: follower
  1: connected to 2
  1 > 2 FOLLOWERINFO acceptedEpoch 1
  2: acceptedEpoch 2, currentEpoch 1
  2 > 1 LEADERINFO epoch 2
  1: acceptedEpoch 2, currentEpoch 0
  1 > 2 ACKEPOCH last 0:0 currentEpoch 0
  2: acceptedEpoch 2, currentEpoch 2
  2 > 1 SNAP 1:3
  1: has the tree of 2, 1:3
  2 > 1 NEWLEADER 2:0
  1: acceptedEpoch 2, currentEpoch 2
  1 > 2 ACK 2:0
  2: leader, serves clients
  2 > 1 UPTODATE
  1: follower, serves clients
  1 > 2 ACK 2:0
settle
expect leader 2
expect 1 has /a /b
create 1 /c
settle
  1 > 2 REQUEST createSession of a new session
  2: proposes 2:1 createSession a new session
  2 > 1 PROPOSAL 2:1 createSession a new session
  2: disk has 2:1
  1: disk has 2:1
  1 > 2 ACK 2:1
  2: commits 2:1
  2 > 1 COMMIT 2:1
  1: commits 2:1
  client-1: has its session, 10000 ms
  1 > 2 REQUEST create of client-1
  2: proposes 2:2 create /c
  2 > 1 PROPOSAL 2:2 create /c
  2: disk has 2:2
  1: disk has 2:2
  1 > 2 ACK 2:2
  2: commits 2:2
  2 > 1 COMMIT 2:2
  1: commits 2:2
  client-1: create /c: ok (2:2)
# What server 1 has is its own, so the power may go.
crash 1
  1: down
  client-1: disconnected
start 1
  1: has 2:2 from its disk
  1: looking
settle
expect 1 has /a /b /c
expect equal
