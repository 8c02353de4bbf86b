# A follower that acknowledges nothing for syncLimit is given up by the leader, though it answers pings.
# Source: Apache ZooKeeper, LearnerHandler.SyncLimitCheck

cluster 3
  1 follower, serves clients, last 0:0
  2 follower, serves clients, last 0:0
  3 leader, serves clients, last 1:0
session s1 at 2
settle
  2 > 3 REQUEST createSession of a new session
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
  s1: has its session, 10000 ms
  3 > 1 COMMIT 1:1
  1: commits 1:1
slow-disk 1
create s1 /a
tick 4500
  2 > 3 REQUEST create of s1
  3: proposes 1:2 create /a
  3 > 2 PROPOSAL 1:2 create /a
  3 > 1 PROPOSAL 1:2 create /a
  3: disk has 1:2
  2: disk has 1:2
  2 > 3 ACK 1:2
  3: commits 1:2
  3 > 2 COMMIT 1:2
  2: commits 1:2
  s1: create /a: ok (1:2)
  3 > 1 COMMIT 1:2
  1: commits 1:2
expect 1 has /a
tick 2000
  1: loses the connection to 3
  1: "the role as follower is over: the connection ended"
  1: looking
settle
expect 3 leader
fast-disk 1
tick 1000
  1: "syncing the transaction log took long: every write waits for it"
  1: disk has 1:2
  1: follower
  1: connected to 3
  1 > 3 FOLLOWERINFO acceptedEpoch 1
  3 > 1 LEADERINFO epoch 1
  1 > 3 ACKEPOCH last 1:2 currentEpoch -1
  3 > 1 DIFF 1:2
  3 > 1 NEWLEADER 1:0
  1 > 3 ACK 1:0
  3 > 1 UPTODATE
  1: follower, serves clients
  1 > 3 ACK 1:0
settle
expect 1 follower
expect equal
