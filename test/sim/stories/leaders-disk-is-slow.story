# The leader's own acknowledgement is one like all others: followers commit what the leader's disk does not hold yet.
# Source: Zab: any quorum commits; the leader's own acknowledgement counts after its fsync

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
slow-disk 3
create s1 /a
settle
  1 > 3 REQUEST create of s1
  3: proposes 1:2 create /a
  3 > 2 PROPOSAL 1:2 create /a
  3 > 1 PROPOSAL 1:2 create /a
  2: disk has 1:2
  1: disk has 1:2
  2 > 3 ACK 1:2
  1 > 3 ACK 1:2
  3: commits 1:2
  3 > 2 COMMIT 1:2
  2: commits 1:2
  3 > 1 COMMIT 1:2
  1: commits 1:2
  s1: create /a: ok (1:2)
expect 1 has /a
# The leader loses it with its power, and gets it back from those who have it.
crash 3
  3: down
settle
  2: loses the connection to 3
  2: "the role as follower is over: the connection ended"
  2: looking
  1: loses the connection to 3
  1: "the role as follower is over: the connection ended"
  1: looking
  s1: disconnected
  1: follower
  2: leader
  1: connected to 2
  1 > 2 FOLLOWERINFO acceptedEpoch 1
  2: acceptedEpoch 2, currentEpoch 1
  2 > 1 LEADERINFO epoch 2
  1: acceptedEpoch 2, currentEpoch 1
  1 > 2 ACKEPOCH last 1:2 currentEpoch 1
  2: acceptedEpoch 2, currentEpoch 2
  2 > 1 DIFF 1:2
  2 > 1 NEWLEADER 2:0
  1: acceptedEpoch 2, currentEpoch 2
  1 > 2 ACK 2:0
  2: leader, serves clients
  2 > 1 UPTODATE
  1: follower, serves clients
  1 > 2 ACK 2:0
fast-disk 3
start 3
  3: has 1:1 from its disk
  3: looking
settle
  3: follower
  3: connected to 2
  3 > 2 FOLLOWERINFO acceptedEpoch 1
  2 > 3 LEADERINFO epoch 2
  3: acceptedEpoch 2, currentEpoch 1
  3 > 2 ACKEPOCH last 1:1 currentEpoch 1
  2 > 3 DIFF 1:2
  2 > 3 PROPOSAL 1:2 create /a
  2 > 3 COMMIT 1:2
  3: applies 1:2
  2 > 3 NEWLEADER 2:0
  3: disk has 1:2
  3: acceptedEpoch 2, currentEpoch 2
  3 > 2 ACK 2:0
  2 > 3 UPTODATE
  3: follower, serves clients
  3 > 2 ACK 2:0
expect leader 2
expect 3 has /a
expect equal
