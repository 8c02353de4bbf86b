# The power goes after the leader's snapshot is durable, and before currentEpoch is: the server starts, in the old epoch.
# Source: ZOOKEEPER-2354 and 4269

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
create 2 /a
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
  3 > 2 PROPOSAL 1:2 create /a
  3: disk has 1:2
  2: disk has 1:2
  2 > 3 ACK 1:2
  3: commits 1:2
  3 > 2 COMMIT 1:2
  2: commits 1:2
  client-2: create /a: ok (1:2)
kill 2 3
  2: down
  3: down
  client-2: disconnected
start 2 3
  2: has 1:2 from its disk
  2: looking
  3: has 1:2 from its disk
  3: looking
settle
  2: follower
  3: leader
  2: connected to 3
  2 > 3 FOLLOWERINFO acceptedEpoch 1
  3: acceptedEpoch 2, currentEpoch 1
  3 > 2 LEADERINFO epoch 2
  2: acceptedEpoch 2, currentEpoch 1
  2 > 3 ACKEPOCH last 1:2 currentEpoch 1
  3: acceptedEpoch 2, currentEpoch 2
  3 > 2 DIFF 1:2
  3 > 2 NEWLEADER 2:0
  2: acceptedEpoch 2, currentEpoch 2
  2 > 3 ACK 2:0
  3: leader, serves clients
  3 > 2 UPTODATE
  2: follower, serves clients
  2 > 3 ACK 2:0
start 1
  1: has 0:0 from its disk
  1: looking
until 3 > 1 NEWLEADER
  1: follower
  1: connected to 3
  1 > 3 FOLLOWERINFO acceptedEpoch 0
  3 > 1 LEADERINFO epoch 2
  1: acceptedEpoch 2, currentEpoch 0
  1 > 3 ACKEPOCH last 0:0 currentEpoch 0
  3 > 1 SNAP 2:0
  1: has the tree of 3, 2:0
  3 > 1 NEWLEADER 2:0
disk 1
  acceptedEpoch: 2
  currentEpoch: 0
  snapshot.0
crash-at-change 1 7
settle
  1: down
disk 1
  acceptedEpoch: 2
  currentEpoch: 0
  currentEpoch.tmp
  snapshot.0
  snapshot.200000000
start 1
  1: "there is a snapshot, but no transaction log: is the log directory the right one, and mounted?"
  1: has 2:0 from its disk
  1: looking
settle
  1: follower
  1: connected to 3
  1 > 3 FOLLOWERINFO acceptedEpoch 2
  3 > 1 LEADERINFO epoch 2
  1 > 3 ACKEPOCH last 2:0 currentEpoch -1
  3 > 1 DIFF 2:0
  3 > 1 NEWLEADER 2:0
  1 > 3 ACK 2:0
  3 > 1 UPTODATE
  1: follower, serves clients
  1 > 3 ACK 2:0
disk 1
  acceptedEpoch: 2
  currentEpoch: 2
  snapshot.0
  snapshot.200000000
expect 1 has /a
expect equal
