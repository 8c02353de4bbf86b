# A follower acknowledges only what its disk holds.
# Source: Apache ZooKeeper, SyncRequestProcessor and SendAckRequestProcessor: a transaction is acknowledged after its fsync

cluster 3
  1 follower, serves clients, last 0:0
  2 follower, serves clients, last 0:0
  3 leader, serves clients, last 1:0
session s1 at 1
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
slow-disk 1
slow-disk 2
create s1 /a
# One disk of three: the leader's.
settle
  1 > 3 REQUEST create of s1
  3: proposes 1:2 create /a
  3 > 2 PROPOSAL 1:2 create /a
  3 > 1 PROPOSAL 1:2 create /a
  3: disk has 1:2
expect 3 lacks /a
expect 1 lacks /a
# What was under way to the slow disk is lost with its server, and nobody has counted on it.
crash 2
  2: down
settle
fast-disk 1
settle
  1: disk has 1:2
  1 > 3 ACK 1:2
  3: commits 1:2
  3 > 1 COMMIT 1:2
  1: commits 1:2
  s1: create /a: ok (1:2)
expect 3 has /a
fast-disk 2
start 2
  2: has 1:1 from its disk
  2: looking
settle
  2: follower
  2: connected to 3
  2 > 3 FOLLOWERINFO acceptedEpoch 1
  3 > 2 LEADERINFO epoch 1
  2 > 3 ACKEPOCH last 1:1 currentEpoch -1
  3 > 2 DIFF 1:2
  3 > 2 PROPOSAL 1:2 create /a
  3 > 2 COMMIT 1:2
  2: applies 1:2
  3 > 2 NEWLEADER 1:0
  2: disk has 1:2
  2 > 3 ACK 1:0
  3 > 2 UPTODATE
  2: follower, serves clients
  2 > 3 ACK 1:0
expect equal
