# The power goes everywhere at once, in the moment in which a client was answered: a quorum has it on disk.
# Source: Zab: what is committed is on the disks of a quorum; the leader's own acknowledgement counts after its fsync

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
create s1 /a
until s1: create /a: ok
  1 > 3 REQUEST create of s1
  3: proposes 1:2 create /a
  3 > 2 PROPOSAL 1:2 create /a
  3 > 1 PROPOSAL 1:2 create /a
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
  s1: create /a: ok (1:2)
crash 1 2 3
  1: down
  2: down
  3: down
  s1: disconnected
start 1 2 3
  1: has 1:2 from its disk
  1: looking
  2: has 1:2 from its disk
  2: looking
  3: has 1:2 from its disk
  3: looking
settle
  2: follower
  1: follower
  3: leader
  2: connected to 3
  1: connected to 3
  2 > 3 FOLLOWERINFO acceptedEpoch 1
  3: acceptedEpoch 2, currentEpoch 1
  1 > 3 FOLLOWERINFO acceptedEpoch 1
  3 > 2 LEADERINFO epoch 2
  2: acceptedEpoch 2, currentEpoch 1
  3 > 1 LEADERINFO epoch 2
  1: acceptedEpoch 2, currentEpoch 1
  2 > 3 ACKEPOCH last 1:2 currentEpoch 1
  3: acceptedEpoch 2, currentEpoch 2
  1 > 3 ACKEPOCH last 1:2 currentEpoch 1
  3 > 2 DIFF 1:2
  3 > 2 NEWLEADER 2:0
  2: acceptedEpoch 2, currentEpoch 2
  3 > 1 DIFF 1:2
  3 > 1 NEWLEADER 2:0
  1: acceptedEpoch 2, currentEpoch 2
  2 > 3 ACK 2:0
  3: leader, serves clients
  1 > 3 ACK 2:0
  3 > 2 UPTODATE
  2: follower, serves clients
  3 > 1 UPTODATE
  1: follower, serves clients
  2 > 3 ACK 2:0
  1 > 3 ACK 2:0
expect 1 has /a
expect 2 has /a
expect 3 has /a
expect equal
