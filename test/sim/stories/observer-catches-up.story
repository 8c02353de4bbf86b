# An observer is brought up to date like a follower, acknowledges NEWLEADER alone, and follows whoever leads next.
# Source: Apache ZooKeeper, Observer

cluster 3 observers 1
  1 follower, serves clients, last 0:0
  2 follower, serves clients, last 0:0
  3 leader, serves clients, last 1:0
  4 observer, serves clients, last 0:0
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
  3 > 4 INFORM 1:1 createSession client-1
  4: commits 1:1
  1 > 3 REQUEST create of client-1
  3: proposes 1:2 create /a
  4: disk has 1:1
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
  3 > 4 INFORM 1:2 create /a
  4: commits 1:2
  4: disk has 1:2
kill 4
  4: down
create 1 /b
create 1 /c
settle
  1 > 3 REQUEST create of client-1
  3: proposes 1:3 create /b
  1 > 3 REQUEST create of client-1
  3: proposes 1:4 create /c
  3 > 2 PROPOSAL 1:3 create /b
  3 > 1 PROPOSAL 1:3 create /b
  3: disk has 1:3
  3 > 2 PROPOSAL 1:4 create /c
  3 > 1 PROPOSAL 1:4 create /c
  2: disk has 1:3
  1: disk has 1:3
  3: disk has 1:4
  2 > 3 ACK 1:3
  3: commits 1:3
  2: disk has 1:4
  1 > 3 ACK 1:3
  1: disk has 1:4
  3 > 2 COMMIT 1:3
  2: commits 1:3
  3 > 1 COMMIT 1:3
  1: commits 1:3
  client-1: create /b: ok (1:3)
  2 > 3 ACK 1:4
  3: commits 1:4
  1 > 3 ACK 1:4
  3 > 2 COMMIT 1:4
  2: commits 1:4
  3 > 1 COMMIT 1:4
  1: commits 1:4
  client-1: create /c: ok (1:4)
start 4
  4: has 1:2 from its disk
  4: looking
settle
  4: observer
  4: connected to 3
  4 > 3 OBSERVERINFO acceptedEpoch 1
  3 > 4 LEADERINFO epoch 1
  4 > 3 ACKEPOCH last 1:2 currentEpoch -1
  3 > 4 DIFF 1:4
  3 > 4 PROPOSAL 1:3 create /b
  3 > 4 COMMIT 1:3
  4: applies 1:3
  3 > 4 PROPOSAL 1:4 create /c
  3 > 4 COMMIT 1:4
  4: applies 1:4
  3 > 4 NEWLEADER 1:0
  4: disk has 1:3
  4: disk has 1:4
  4 > 3 ACK 1:0
  3 > 4 UPTODATE
  4: observer, serves clients
  4 > 3 ACK 1:0
expect 4 has /b /c
kill 3
  3: down
settle
  2: loses the connection to 3
  2: "the role as follower is over: the connection ended"
  2: looking
  1: loses the connection to 3
  1: "the role as follower is over: the connection ended"
  1: looking
  client-1: disconnected
  4: loses the connection to 3
  4: "the role as observer is over: the connection ended"
  4: looking
  1: follower
  2: leader
  4: observer
  1: connected to 2
  4: connected to 2
  1 > 2 FOLLOWERINFO acceptedEpoch 1
  2: acceptedEpoch 2, currentEpoch 1
  4 > 2 OBSERVERINFO acceptedEpoch 1
  2 > 1 LEADERINFO epoch 2
  1: acceptedEpoch 2, currentEpoch 1
  2 > 4 LEADERINFO epoch 2
  4: acceptedEpoch 2, currentEpoch 1
  1 > 2 ACKEPOCH last 1:4 currentEpoch 1
  2: acceptedEpoch 2, currentEpoch 2
  4 > 2 ACKEPOCH last 1:4 currentEpoch 1
  2 > 1 DIFF 1:4
  2 > 1 NEWLEADER 2:0
  1: acceptedEpoch 2, currentEpoch 2
  2 > 4 DIFF 1:4
  2 > 4 NEWLEADER 2:0
  4: acceptedEpoch 2, currentEpoch 2
  1 > 2 ACK 2:0
  2: leader, serves clients
  4 > 2 ACK 2:0
  2 > 1 UPTODATE
  1: follower, serves clients
  2 > 4 UPTODATE
  4: observer, serves clients
  1 > 2 ACK 2:0
  4 > 2 ACK 2:0
tick 1000
settle
expect leader 2
expect 4 observer
create 4 /d
settle
  4 > 2 REQUEST createSession of a new session
  2: proposes 2:1 createSession a new session
  2 > 1 PROPOSAL 2:1 createSession a new session
  2: disk has 2:1
  1: disk has 2:1
  1 > 2 ACK 2:1
  2: commits 2:1
  2 > 1 COMMIT 2:1
  1: commits 2:1
  2 > 4 INFORM 2:1 createSession a new session
  4: commits 2:1
  client-4: has its session, 10000 ms
  4 > 2 REQUEST create of client-4
  2: proposes 2:2 create /d
  4: disk has 2:1
  2 > 1 PROPOSAL 2:2 create /d
  2: disk has 2:2
  1: disk has 2:2
  1 > 2 ACK 2:2
  2: commits 2:2
  2 > 1 COMMIT 2:2
  1: commits 2:2
  2 > 4 INFORM 2:2 create /d
  4: commits 2:2
  client-4: create /d: ok (2:2)
  4: disk has 2:2
expect equal
