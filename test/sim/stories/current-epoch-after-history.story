# currentEpoch says that a history is on disk, so it is written after that history: who crashes in between has the old epoch.
# Source: ZOOKEEPER-4643

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
kill 1
  1: down
  client-1: disconnected
create 2 /a
create 2 /b
settle
  2 > 3 REQUEST createSession of a new session
  3: proposes 1:3 createSession a new session
  3 > 2 PROPOSAL 1:3 createSession a new session
  3: disk has 1:3
  2: disk has 1:3
  2 > 3 ACK 1:3
  3: commits 1:3
  3 > 2 COMMIT 1:3
  2: commits 1:3
  client-2: has its session, 10000 ms
  2 > 3 REQUEST create of client-2
  3: proposes 1:4 create /a
  2 > 3 REQUEST create of client-2
  3: proposes 1:5 create /b
  3 > 2 PROPOSAL 1:4 create /a
  3: disk has 1:4
  3 > 2 PROPOSAL 1:5 create /b
  2: disk has 1:4
  3: disk has 1:5
  2 > 3 ACK 1:4
  3: commits 1:4
  2: disk has 1:5
  3 > 2 COMMIT 1:4
  2: commits 1:4
  client-2: create /a: ok (1:4)
  2 > 3 ACK 1:5
  3: commits 1:5
  3 > 2 COMMIT 1:5
  2: commits 1:5
  client-2: create /b: ok (1:5)
kill 3
  3: down
settle
  2: loses the connection to 3
  2: "the role as follower is over: the connection ended"
  2: looking
  client-2: disconnected
# Server 1 is to get /a and /b from server 2. The power goes when it has received all, and before its disk has it.
start 1
  1: has 1:2 from its disk
  1: looking
until 2 > 1 DIFF
  1: follower
  2: leader
  1: connected to 2
  1 > 2 FOLLOWERINFO acceptedEpoch 1
  2: acceptedEpoch 2, currentEpoch 1
  2 > 1 LEADERINFO epoch 2
  1: acceptedEpoch 2, currentEpoch 1
  1 > 2 ACKEPOCH last 1:2 currentEpoch 1
  2: acceptedEpoch 2, currentEpoch 2
  2 > 1 DIFF 1:5
slow-disk 1
until 2 > 1 NEWLEADER
  2 > 1 PROPOSAL 1:3 createSession client-2
  2 > 1 COMMIT 1:3
  1: applies 1:3
  2 > 1 PROPOSAL 1:4 create /a
  2 > 1 COMMIT 1:4
  1: applies 1:4
  2 > 1 PROPOSAL 1:5 create /b
  2 > 1 COMMIT 1:5
  1: applies 1:5
  2 > 1 NEWLEADER 2:0
settle
crash 1
  1: down
fast-disk 1
kill 2
  2: down
# It lacks /b and has the old epoch, so it loses against who has both.
show votes
start 1
  1: has 1:3 from its disk
  1: looking
start 3
  3: has 1:5 from its disk
  3: looking
settle
  1 > 3 looking 1 (epoch 1, last 1:3, round 1)
  3 > 1 looking 3 (epoch 1, last 1:5, round 1)
  1: follower
  1 > 3 following 3 (epoch 1, last 1:5, round 1)
  3: leader
  1: connected to 3
  1 > 3 FOLLOWERINFO acceptedEpoch 2
  3: acceptedEpoch 3, currentEpoch 1
  3 > 1 LEADERINFO epoch 3
  1: acceptedEpoch 3, currentEpoch 1
  1 > 3 ACKEPOCH last 1:3 currentEpoch 1
  3: acceptedEpoch 3, currentEpoch 3
  3 > 1 DIFF 1:5
  3 > 1 PROPOSAL 1:4 create /a
  3 > 1 COMMIT 1:4
  1: applies 1:4
  3 > 1 PROPOSAL 1:5 create /b
  3 > 1 COMMIT 1:5
  1: applies 1:5
  3 > 1 NEWLEADER 3:0
  1: disk has 1:4
  1: disk has 1:5
  1: acceptedEpoch 3, currentEpoch 3
  1 > 3 ACK 3:0
  3: leader, serves clients
  3 > 1 UPTODATE
  1: follower, serves clients
  1 > 3 ACK 3:0
  1 > 3 following 3 (epoch 3, last 1:5, round 1)
expect leader 3
expect 1 has /a /b
