# SNAP: who has nothing gets the whole tree, and acknowledges it when it is on its own disk.
# Source: Apache ZooKeeper, LearnerHandler.syncFollower: the learner has no history in common

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
until 3 > 1 SNAP
  1: follower
  1: connected to 3
  1 > 3 FOLLOWERINFO acceptedEpoch 0
  3 > 1 LEADERINFO epoch 1
  1: acceptedEpoch 1, currentEpoch 0
  1 > 3 ACKEPOCH last 0:0 currentEpoch 0
  3 > 1 SNAP 1:3
slow-disk 1
settle
  1: has the tree of 3, 1:3
  3 > 1 NEWLEADER 1:0
# No acknowledgement yet.
fast-disk 1
settle
  1: acceptedEpoch 1, currentEpoch 1
  1 > 3 ACK 1:0
  3 > 1 UPTODATE
  1: follower, serves clients
  1 > 3 ACK 1:0
expect 1 follower
expect 1 has /a /b
# It is all its own: the power may go.
crash 1
  1: down
start 1
  1: "there is a snapshot, but no transaction log: is the log directory the right one, and mounted?"
  1: has 1:3 from its disk
  1: looking
settle
  1: follower
  1: connected to 3
  1 > 3 FOLLOWERINFO acceptedEpoch 1
  3 > 1 LEADERINFO epoch 1
  1 > 3 ACKEPOCH last 1:3 currentEpoch -1
  3 > 1 DIFF 1:3
  3 > 1 NEWLEADER 1:0
  1 > 3 ACK 1:0
  3 > 1 UPTODATE
  1: follower, serves clients
  1 > 3 ACK 1:0
expect equal
