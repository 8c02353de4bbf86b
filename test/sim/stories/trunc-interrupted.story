# A leader that dies between TRUNC and NEWLEADER leaves a server whose memory is what its disk says.
# Source: ZOOKEEPER-5094

cluster 3
  1 follower, serves clients, last 0:0
  2 follower, serves clients, last 0:0
  3 leader, serves clients, last 1:0
create 1 /a
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
  client-1: create /a: ok (1:2)
kill 1 2
  1: down
  2: down
  client-1: disconnected
create 3 /b
settle
  3: proposes 1:3 createSession a new session
  3: disk has 1:3
kill 3
  3: down
  client-3: disconnected, without an answer to create /b
start 1 2
  1: has 1:2 from its disk
  1: looking
  2: has 1:2 from its disk
  2: looking
settle
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
create 1 /c
settle
  1 > 2 REQUEST createSession of a new session
  2: proposes 2:1 createSession a new session
  2 > 1 PROPOSAL 2:1 createSession a new session
  2: disk has 2:1
  1: disk has 2:1
  1 > 2 ACK 2:1
  2: commits 2:1
  2 > 1 COMMIT 2:1
  1: commits 2:1
  client-1: has its session, 10000 ms
  1 > 2 REQUEST create of client-1
  2: proposes 2:2 create /c
  2 > 1 PROPOSAL 2:2 create /c
  2: disk has 2:2
  1: disk has 2:2
  1 > 2 ACK 2:2
  2: commits 2:2
  2 > 1 COMMIT 2:2
  1: commits 2:2
  client-1: create /c: ok (2:2)
expect leader 2
start 3
  3: has 1:3 from its disk
  3: looking
until 2 > 3 TRUNC
  3: follower
  3: connected to 2
  3 > 2 FOLLOWERINFO acceptedEpoch 1
  2 > 3 LEADERINFO epoch 2
  3: acceptedEpoch 2, currentEpoch 1
  3 > 2 ACKEPOCH last 1:3 currentEpoch 1
  2 > 3 TRUNC 1:2
  3: has 1:2 from its disk
# /b is cut off, and /c has not come.
partition 2 | 3
kill 2
  2: down
settle
  1: loses the connection to 2
  1: "the role as follower is over: the connection ended"
  1: looking
  client-1: disconnected
expect 3 lacks /b
crash 3
  3: down
start 3
  3: has 1:2 from its disk
  3: looking
settle
  1: leader
  3: follower
  3: connected to 1
  3 > 1 FOLLOWERINFO acceptedEpoch 2
  1: acceptedEpoch 3, currentEpoch 2
  1 > 3 LEADERINFO epoch 3
  3: acceptedEpoch 3, currentEpoch 1
  3 > 1 ACKEPOCH last 1:2 currentEpoch 1
  1: acceptedEpoch 3, currentEpoch 3
  1 > 3 DIFF 2:2
  1 > 3 PROPOSAL 2:1 createSession client-1
  1 > 3 COMMIT 2:1
  3: applies 2:1
  1 > 3 PROPOSAL 2:2 create /c
  1 > 3 COMMIT 2:2
  3: applies 2:2
  1 > 3 NEWLEADER 3:0
  3: disk has 2:1
  3: disk has 2:2
  3: acceptedEpoch 3, currentEpoch 3
  3 > 1 ACK 3:0
  1: leader, serves clients
  1 > 3 UPTODATE
  3: follower, serves clients
  3 > 1 ACK 3:0
tick 11000
  1: proposes 3:1 closeSession client-1
  1: proposes 3:2 closeSession client-1
  1 > 3 PROPOSAL 3:1 closeSession client-1
  1 > 3 PROPOSAL 3:2 closeSession client-1
  1: disk has 3:2
  3: disk has 3:1
  3 > 1 ACK 3:1
  1: commits 3:1
  3: disk has 3:2
  1 > 3 COMMIT 3:1
  3: commits 3:1
  3 > 1 ACK 3:2
  1: commits 3:2
  1 > 3 COMMIT 3:2
  3: commits 3:2
settle
expect leader 1
expect 3 has /a /c
expect 3 lacks /b
expect equal
