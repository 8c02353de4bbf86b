# The same with a snapshot: the tree changes while it is on its way.
# Source: Apache ZooKeeper, LearnerHandler.syncFollower and startForwarding; snapshots are fuzzy

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
session s1 at 2
create 2 /a
settle
  2 > 3 REQUEST createSession of a new session
  3: proposes 1:1 createSession a new session
  2 > 3 REQUEST createSession of a new session
  3: proposes 1:2 createSession a new session
  3 > 2 PROPOSAL 1:1 createSession a new session
  3: disk has 1:1
  3 > 2 PROPOSAL 1:2 createSession a new session
  2: disk has 1:1
  3: disk has 1:2
  2 > 3 ACK 1:1
  3: commits 1:1
  2: disk has 1:2
  3 > 2 COMMIT 1:1
  2: commits 1:1
  s1: has its session, 10000 ms
  2 > 3 ACK 1:2
  3: commits 1:2
  3 > 2 COMMIT 1:2
  2: commits 1:2
  client-2: has its session, 10000 ms
  2 > 3 REQUEST create of client-2
  3: proposes 1:3 create /a
  3 > 2 PROPOSAL 1:3 create /a
  3: disk has 1:3
  2: disk has 1:3
  2 > 3 ACK 1:3
  3: commits 1:3
  3 > 2 COMMIT 1:3
  2: commits 1:3
  client-2: create /a: ok (1:3)
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
create s1 /b
create s1 /c
until 3 > 1 NEWLEADER
  1: has the tree of 3, 1:3
  3 > 1 NEWLEADER 1:0
create s1 /d
settle
  2 > 3 REQUEST create of s1
  3: proposes 1:4 create /b
  2 > 3 REQUEST create of s1
  3: proposes 1:5 create /c
  3 > 2 PROPOSAL 1:4 create /b
  3 > 1 PROPOSAL 1:4 create /b
  3: disk has 1:4
  3 > 2 PROPOSAL 1:5 create /c
  3 > 1 PROPOSAL 1:5 create /c
  2 > 3 REQUEST create of s1
  3: proposes 1:6 create /d
  2: disk has 1:4
  3: disk has 1:5
  3 > 2 PROPOSAL 1:6 create /d
  3 > 1 PROPOSAL 1:6 create /d
  2 > 3 ACK 1:4
  3: commits 1:4
  2: disk has 1:5
  3: disk has 1:6
  3 > 2 COMMIT 1:4
  2: commits 1:4
  s1: create /b: ok (1:4)
  3 > 1 COMMIT 1:4
  2 > 3 ACK 1:5
  3: commits 1:5
  2: disk has 1:6
  1: acceptedEpoch 1, currentEpoch 1
  1: applies 1:4
  3 > 2 COMMIT 1:5
  2: commits 1:5
  s1: create /c: ok (1:5)
  3 > 1 COMMIT 1:5
  1: applies 1:5
  2 > 3 ACK 1:6
  3: commits 1:6
  1 > 3 ACK 1:0
  1: disk has 1:6
  3 > 2 COMMIT 1:6
  2: commits 1:6
  s1: create /d: ok (1:6)
  3 > 1 COMMIT 1:6
  1: applies 1:6
  3 > 1 UPTODATE
  1: follower, serves clients
  1 > 3 ACK 1:4
  1 > 3 ACK 1:5
  1 > 3 ACK 1:6
  1 > 3 ACK 1:0
expect 1 has /a /b /c /d
crash 1
  1: down
start 1
  1: has 1:6 from its disk
  1: looking
settle
  1: follower
  1: connected to 3
  1 > 3 FOLLOWERINFO acceptedEpoch 1
  3 > 1 LEADERINFO epoch 1
  1 > 3 ACKEPOCH last 1:6 currentEpoch -1
  3 > 1 DIFF 1:6
  3 > 1 NEWLEADER 1:0
  1 > 3 ACK 1:0
  3 > 1 UPTODATE
  1: follower, serves clients
  1 > 3 ACK 1:0
expect equal
