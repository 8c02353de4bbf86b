# DIFF: who missed a little gets what it missed.
# Source: Apache ZooKeeper, LearnerHandler.syncFollower: the learner's last zxid is in the committed log

cluster 3
  1 follower, serves clients, last 0:0
  2 follower, serves clients, last 0:0
  3 leader, serves clients, last 1:0
kill 1
  1: down
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
settle
  1: follower
  1: connected to 3
  1 > 3 FOLLOWERINFO acceptedEpoch 1
  3 > 1 LEADERINFO epoch 1
  1 > 3 ACKEPOCH last 0:0 currentEpoch -1
  3 > 1 SNAP 1:3
  1: has the tree of 3, 1:3
  3 > 1 NEWLEADER 1:0
  1 > 3 ACK 1:0
  3 > 1 UPTODATE
  1: follower, serves clients
  1 > 3 ACK 1:0
expect 1 has /a /b
expect equal
