# A leader that dies while it brings its followers up to date leaves nothing half done: the next one begins anew.
# Source: Zab, synchronization; a history counts when a quorum has acknowledged NEWLEADER

cluster 3
  1 follower, serves clients, last 0:0
  2 follower, serves clients, last 0:0
  3 leader, serves clients, last 1:0
session s3 at 3
settle
  3: proposes 1:1 createSession a new session
  3 > 2 PROPOSAL 1:1 createSession a new session
  3 > 1 PROPOSAL 1:1 createSession a new session
  3: disk has 1:1
  2: disk has 1:1
  1: disk has 1:1
  2 > 3 ACK 1:1
  3: commits 1:1
  s3: has its session, 10000 ms
  1 > 3 ACK 1:1
  3 > 2 COMMIT 1:1
  2: commits 1:1
  3 > 1 COMMIT 1:1
  1: commits 1:1
kill 1 2
  1: down
  2: down
create s3 /a
settle
  3: proposes 1:2 create /a
  3: disk has 1:2
start 1
  1: has 1:1 from its disk
  1: looking
until 3 > 1 NEWLEADER
  3: "the role as leader is over: only servers 3 are left of a quorum"
  3: applies 1:2
  3: looking
  s3: disconnected, without an answer to create /a
  1: follower
  3: leader
  1: connected to 3
  1 > 3 FOLLOWERINFO acceptedEpoch 1
  3: acceptedEpoch 2, currentEpoch 1
  3 > 1 LEADERINFO epoch 2
  1: acceptedEpoch 2, currentEpoch 1
  1 > 3 ACKEPOCH last 1:1 currentEpoch 1
  3: acceptedEpoch 2, currentEpoch 2
  3 > 1 DIFF 1:2
  3 > 1 PROPOSAL 1:2 create /a
  3 > 1 COMMIT 1:2
  1: applies 1:2
  3 > 1 NEWLEADER 2:0
# Server 1 has received /a, and nobody was told that the new leader's history is anywhere else.
crash 3
  3: down
start 2
  2: has 1:1 from its disk
  2: looking
settle
  1: disk has 1:2
  1: acceptedEpoch 2, currentEpoch 2
  1: loses the connection to 3
  1: "the role as follower is over: the connection ended"
  1: looking
  2: follower
  1: leader
  2: connected to 1
  2 > 1 FOLLOWERINFO acceptedEpoch 1
  1: acceptedEpoch 3, currentEpoch 2
  1 > 2 LEADERINFO epoch 3
  2: acceptedEpoch 3, currentEpoch 1
  2 > 1 ACKEPOCH last 1:1 currentEpoch 1
  1: acceptedEpoch 3, currentEpoch 3
  1 > 2 DIFF 1:2
  1 > 2 PROPOSAL 1:2 create /a
  1 > 2 COMMIT 1:2
  2: applies 1:2
  1 > 2 NEWLEADER 3:0
  2: disk has 1:2
  2: acceptedEpoch 3, currentEpoch 3
  2 > 1 ACK 3:0
  1: leader, serves clients
  1 > 2 UPTODATE
  2: follower, serves clients
  2 > 1 ACK 3:0
tick 1000
settle
roles
  1 leader, serves clients, last 3:0
  2 follower, serves clients, last 1:2
  3 down, last 1:2
create 2 /b
settle
  2 > 1 REQUEST createSession of a new session
  1: proposes 3:1 createSession a new session
  1 > 2 PROPOSAL 3:1 createSession a new session
  1: disk has 3:1
  2: disk has 3:1
  2 > 1 ACK 3:1
  1: commits 3:1
  1 > 2 COMMIT 3:1
  2: commits 3:1
  client-2: has its session, 10000 ms
  2 > 1 REQUEST create of client-2
  1: proposes 3:2 create /b
  1 > 2 PROPOSAL 3:2 create /b
  1: disk has 3:2
  2: disk has 3:2
  2 > 1 ACK 3:2
  1: commits 3:2
  1 > 2 COMMIT 3:2
  2: commits 3:2
  client-2: create /b: ok (3:2)
start 3
  3: has 1:2 from its disk
  3: looking
settle
  3: follower
  3: connected to 1
  3 > 1 FOLLOWERINFO acceptedEpoch 2
  1 > 3 LEADERINFO epoch 3
  3: acceptedEpoch 3, currentEpoch 2
  3 > 1 ACKEPOCH last 1:2 currentEpoch 2
  1 > 3 DIFF 3:2
  1 > 3 PROPOSAL 3:1 createSession client-2
  1 > 3 COMMIT 3:1
  3: applies 3:1
  1 > 3 PROPOSAL 3:2 create /b
  1 > 3 COMMIT 3:2
  3: applies 3:2
  1 > 3 NEWLEADER 3:0
  3: disk has 3:1
  3: disk has 3:2
  3: acceptedEpoch 3, currentEpoch 3
  3 > 1 ACK 3:0
  1 > 3 UPTODATE
  3: follower, serves clients
  3 > 1 ACK 3:0
# Nobody was promised /a; but server 1 has it in its log, so its history is the longest, and /a stays.
expect 2 has /a
expect 3 has /a
expect equal
