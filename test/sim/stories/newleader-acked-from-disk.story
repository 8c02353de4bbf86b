# NEWLEADER is acknowledged when the transactions of the DIFF are on disk, so that a quorum that says so has them.
# Source: ZOOKEEPER-3911 and 4646

cluster 3
  1 follower, serves clients, last 0:0
  2 follower, serves clients, last 0:0
  3 leader, serves clients, last 1:0
create 1 /first
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
  client-1: has its session, 10000 ms
  1 > 3 REQUEST create of client-1
  3: proposes 1:2 create /first
  3 > 2 PROPOSAL 1:2 create /first
  3 > 1 PROPOSAL 1:2 create /first
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
  client-1: create /first: ok (1:2)
session s1 at 3
settle
  3: proposes 1:3 createSession a new session
  3 > 2 PROPOSAL 1:3 createSession a new session
  3 > 1 PROPOSAL 1:3 createSession a new session
  3: disk has 1:3
  2: disk has 1:3
  1: disk has 1:3
  2 > 3 ACK 1:3
  3: commits 1:3
  s1: has its session, 10000 ms
  1 > 3 ACK 1:3
  3 > 2 COMMIT 1:3
  2: commits 1:3
  3 > 1 COMMIT 1:3
  1: commits 1:3
kill 1 2
  1: down
  2: down
  client-1: disconnected
# Only server 3 has these.
create s1 /a
create s1 /b
settle
  3: proposes 1:4 create /a
  3: proposes 1:5 create /b
  3: disk has 1:4
  3: disk has 1:5
  3: "the role as leader is over: only servers 3 are left of a quorum"
  3: applies 1:4
  3: applies 1:5
  3: looking
  s1: disconnected, without an answer to create /a, create /b
tick 1000
expect 3 looking
start 2
  2: has 1:3 from its disk
  2: looking
until 3 > 2 DIFF
  2: follower
  3: leader
  2: connected to 3
  2 > 3 FOLLOWERINFO acceptedEpoch 1
  3: acceptedEpoch 2, currentEpoch 1
  3 > 2 LEADERINFO epoch 2
  2: acceptedEpoch 2, currentEpoch 1
  2 > 3 ACKEPOCH last 1:3 currentEpoch 1
  3: acceptedEpoch 2, currentEpoch 2
  3 > 2 DIFF 1:5
slow-disk 2
settle
  3 > 2 PROPOSAL 1:4 create /a
  3 > 2 COMMIT 1:4
  2: applies 1:4
  3 > 2 PROPOSAL 1:5 create /b
  3 > 2 COMMIT 1:5
  2: applies 1:5
  3 > 2 NEWLEADER 2:0
# Server 2 applied them, and says nothing: there is no quorum yet, and no client sees them.
tick 2000
expect no leader
# Power goes at both. Server 2 had promised nothing. (The first transaction of a new log file is synced with its header.)
crash 2 3
  2: down
  3: down
fast-disk 2
start 1 2
  1: has 1:3 from its disk
  1: looking
  2: has 1:4 from its disk
  2: looking
settle
  1: follower
  2: leader
  1: connected to 2
  1 > 2 FOLLOWERINFO acceptedEpoch 1
  2: acceptedEpoch 3, currentEpoch 1
  2 > 1 LEADERINFO epoch 3
  1: acceptedEpoch 3, currentEpoch 1
  1 > 2 ACKEPOCH last 1:3 currentEpoch 1
  2: acceptedEpoch 3, currentEpoch 3
  2 > 1 DIFF 1:4
  2 > 1 PROPOSAL 1:4 create /a
  2 > 1 COMMIT 1:4
  1: applies 1:4
  2 > 1 NEWLEADER 3:0
  1: disk has 1:4
  1: acceptedEpoch 3, currentEpoch 3
  1 > 2 ACK 3:0
  2: leader, serves clients
  2 > 1 UPTODATE
  1: follower, serves clients
  1 > 2 ACK 3:0
expect leader 2
expect 1 lacks /b
start 3
  3: has 1:5 from its disk
  3: looking
settle
  3: follower
  3: connected to 2
  3 > 2 FOLLOWERINFO acceptedEpoch 2
  2 > 3 LEADERINFO epoch 3
  3: acceptedEpoch 3, currentEpoch 2
  3 > 2 ACKEPOCH last 1:5 currentEpoch 2
  2 > 3 TRUNC 1:4
  3: has 1:4 from its disk
  2 > 3 NEWLEADER 3:0
  3: acceptedEpoch 3, currentEpoch 3
  3 > 2 ACK 3:0
  2 > 3 UPTODATE
  3: follower, serves clients
  3 > 2 ACK 3:0
expect 3 lacks /b
expect equal
