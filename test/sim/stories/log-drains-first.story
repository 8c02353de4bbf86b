# A follower whose leader goes while its disk is slow looks for another one when its log is on disk, and not before: no write of
# the old term can reach the log once a new leader has cut or continued it.
# Source: ZOOKEEPER-4712 and 4541: zombie writers of the log

cluster 3
  1 follower, serves clients, last 0:0
  2 follower, serves clients, last 0:0
  3 leader, serves clients, last 1:0
session s2 at 2
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
  s2: has its session, 10000 ms
  3 > 1 COMMIT 1:1
  1: commits 1:1
slow-disk 1
create s2 /a
settle
  2 > 3 REQUEST create of s2
  3: proposes 1:2 create /a
  3 > 2 PROPOSAL 1:2 create /a
  3 > 1 PROPOSAL 1:2 create /a
  3: disk has 1:2
  2: disk has 1:2
  2 > 3 ACK 1:2
  3: commits 1:2
  3 > 2 COMMIT 1:2
  2: commits 1:2
  s2: create /a: ok (1:2)
  3 > 1 COMMIT 1:2
  1: commits 1:2
kill 3
  3: down
settle
  2: loses the connection to 3
  2: "the role as follower is over: the connection ended"
  2: looking
  s2: disconnected
  1: loses the connection to 3
  1: "the role as follower is over: the connection ended"
  1: looking
# Server 1 is looking, and has not voted: what its log will hold is not known yet.
tick 2000
expect no leader
fast-disk 1
settle
  1: "syncing the transaction log took long: every write waits for it"
  1: disk has 1:2
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
expect leader 2
expect 1 has /a
crash 1
  1: down
start 1
  1: has 1:2 from its disk
  1: looking
settle
  2: "the role as leader is over: only servers 2 are left of a quorum"
  2: looking
  1: follower
  2: leader
  1: connected to 2
  1 > 2 FOLLOWERINFO acceptedEpoch 2
  2: acceptedEpoch 3, currentEpoch 2
  2 > 1 LEADERINFO epoch 3
  1: acceptedEpoch 3, currentEpoch 2
  1 > 2 ACKEPOCH last 1:2 currentEpoch 2
  2: acceptedEpoch 3, currentEpoch 3
  2 > 1 DIFF 1:2
  2 > 1 NEWLEADER 3:0
  1: acceptedEpoch 3, currentEpoch 3
  1 > 2 ACK 3:0
  2: leader, serves clients
  2 > 1 UPTODATE
  1: follower, serves clients
  1 > 2 ACK 3:0
expect equal
