# What a learner got by DIFF is in its memory as if it had been proposed to it, so that it can pass it on when it leads.
# Source: ZOOKEEPER-4925: a hole in the committed log is data loss later

cluster 5
  1 follower, serves clients, last 0:0
  2 follower, serves clients, last 0:0
  3 follower, serves clients, last 0:0
  4 follower, serves clients, last 0:0
  5 leader, serves clients, last 1:0
create 1 /first
settle
  1 > 5 REQUEST createSession of a new session
  5: proposes 1:1 createSession a new session
  5 > 4 PROPOSAL 1:1 createSession a new session
  5 > 1 PROPOSAL 1:1 createSession a new session
  5 > 2 PROPOSAL 1:1 createSession a new session
  5 > 3 PROPOSAL 1:1 createSession a new session
  5: disk has 1:1
  4: disk has 1:1
  1: disk has 1:1
  2: disk has 1:1
  3: disk has 1:1
  4 > 5 ACK 1:1
  1 > 5 ACK 1:1
  5: commits 1:1
  2 > 5 ACK 1:1
  3 > 5 ACK 1:1
  5 > 4 COMMIT 1:1
  4: commits 1:1
  5 > 1 COMMIT 1:1
  1: commits 1:1
  client-1: has its session, 10000 ms
  5 > 2 COMMIT 1:1
  2: commits 1:1
  5 > 3 COMMIT 1:1
  3: commits 1:1
  1 > 5 REQUEST create of client-1
  5: proposes 1:2 create /first
  5 > 4 PROPOSAL 1:2 create /first
  5 > 1 PROPOSAL 1:2 create /first
  5 > 2 PROPOSAL 1:2 create /first
  5 > 3 PROPOSAL 1:2 create /first
  5: disk has 1:2
  4: disk has 1:2
  1: disk has 1:2
  2: disk has 1:2
  3: disk has 1:2
  4 > 5 ACK 1:2
  1 > 5 ACK 1:2
  5: commits 1:2
  2 > 5 ACK 1:2
  3 > 5 ACK 1:2
  5 > 4 COMMIT 1:2
  4: commits 1:2
  5 > 1 COMMIT 1:2
  1: commits 1:2
  client-1: create /first: ok (1:2)
  5 > 2 COMMIT 1:2
  2: commits 1:2
  5 > 3 COMMIT 1:2
  3: commits 1:2
kill 1 2
  1: down
  2: down
  client-1: disconnected
create 3 /a
create 3 /b
settle
  3 > 5 REQUEST createSession of a new session
  5: proposes 1:3 createSession a new session
  5 > 4 PROPOSAL 1:3 createSession a new session
  5 > 3 PROPOSAL 1:3 createSession a new session
  5: disk has 1:3
  4: disk has 1:3
  3: disk has 1:3
  4 > 5 ACK 1:3
  3 > 5 ACK 1:3
  5: commits 1:3
  5 > 4 COMMIT 1:3
  4: commits 1:3
  5 > 3 COMMIT 1:3
  3: commits 1:3
  client-3: has its session, 10000 ms
  3 > 5 REQUEST create of client-3
  5: proposes 1:4 create /a
  3 > 5 REQUEST create of client-3
  5: proposes 1:5 create /b
  5 > 4 PROPOSAL 1:4 create /a
  5 > 3 PROPOSAL 1:4 create /a
  5: disk has 1:4
  5 > 4 PROPOSAL 1:5 create /b
  5 > 3 PROPOSAL 1:5 create /b
  4: disk has 1:4
  3: disk has 1:4
  5: disk has 1:5
  4 > 5 ACK 1:4
  4: disk has 1:5
  3 > 5 ACK 1:4
  5: commits 1:4
  3: disk has 1:5
  4 > 5 ACK 1:5
  5 > 4 COMMIT 1:4
  4: commits 1:4
  5 > 3 COMMIT 1:4
  3: commits 1:4
  client-3: create /a: ok (1:4)
  3 > 5 ACK 1:5
  5: commits 1:5
  5 > 4 COMMIT 1:5
  4: commits 1:5
  5 > 3 COMMIT 1:5
  3: commits 1:5
  client-3: create /b: ok (1:5)
# Server 1 is told of /a and /b by DIFF, of /c as a follower. Server 2 of nothing.
start 1
  1: has 1:2 from its disk
  1: looking
settle
  1: follower
  1: connected to 5
  1 > 5 FOLLOWERINFO acceptedEpoch 1
  5 > 1 LEADERINFO epoch 1
  1 > 5 ACKEPOCH last 1:2 currentEpoch -1
  5 > 1 DIFF 1:5
  5 > 1 PROPOSAL 1:3 createSession client-3
  5 > 1 COMMIT 1:3
  1: applies 1:3
  5 > 1 PROPOSAL 1:4 create /a
  5 > 1 COMMIT 1:4
  1: applies 1:4
  5 > 1 PROPOSAL 1:5 create /b
  5 > 1 COMMIT 1:5
  1: applies 1:5
  5 > 1 NEWLEADER 1:0
  1: disk has 1:3
  1: disk has 1:5
  1 > 5 ACK 1:0
  5 > 1 UPTODATE
  1: follower, serves clients
  1 > 5 ACK 1:0
kill 3
  3: down
  client-3: disconnected
create 1 /c
settle
  1 > 5 REQUEST createSession of a new session
  5: proposes 1:6 createSession a new session
  5 > 4 PROPOSAL 1:6 createSession a new session
  5 > 1 PROPOSAL 1:6 createSession a new session
  5: disk has 1:6
  4: disk has 1:6
  1: disk has 1:6
  4 > 5 ACK 1:6
  1 > 5 ACK 1:6
  5: commits 1:6
  5 > 4 COMMIT 1:6
  4: commits 1:6
  5 > 1 COMMIT 1:6
  1: commits 1:6
  client-1: has its session, 10000 ms
  1 > 5 REQUEST create of client-1
  5: proposes 1:7 create /c
  5 > 4 PROPOSAL 1:7 create /c
  5 > 1 PROPOSAL 1:7 create /c
  5: disk has 1:7
  4: disk has 1:7
  1: disk has 1:7
  4 > 5 ACK 1:7
  1 > 5 ACK 1:7
  5: commits 1:7
  5 > 4 COMMIT 1:7
  4: commits 1:7
  5 > 1 COMMIT 1:7
  1: commits 1:7
  client-1: create /c: ok (1:7)
kill 4 5
  4: down
  5: down
start 2 3
  2: has 1:2 from its disk
  2: looking
  3: has 1:5 from its disk
  3: looking
settle
  1: loses the connection to 5
  1: "the role as follower is over: the connection ended"
  1: looking
  client-1: disconnected
  3: follower
  1: leader
  2: follower
  3: connected to 1
  2: connected to 1
  3 > 1 FOLLOWERINFO acceptedEpoch 1
  2 > 1 FOLLOWERINFO acceptedEpoch 1
  1: acceptedEpoch 2, currentEpoch 1
  1 > 3 LEADERINFO epoch 2
  3: acceptedEpoch 2, currentEpoch 1
  1 > 2 LEADERINFO epoch 2
  2: acceptedEpoch 2, currentEpoch 1
  3 > 1 ACKEPOCH last 1:5 currentEpoch 1
  2 > 1 ACKEPOCH last 1:2 currentEpoch 1
  1: acceptedEpoch 2, currentEpoch 2
  1 > 3 DIFF 1:7
  1 > 3 PROPOSAL 1:6 createSession client-1
  1 > 3 COMMIT 1:6
  3: applies 1:6
  1 > 3 PROPOSAL 1:7 create /c
  1 > 3 COMMIT 1:7
  3: applies 1:7
  1 > 3 NEWLEADER 2:0
  1 > 2 DIFF 1:7
  1 > 2 PROPOSAL 1:3 createSession client-3
  1 > 2 COMMIT 1:3
  2: applies 1:3
  1 > 2 PROPOSAL 1:4 create /a
  1 > 2 COMMIT 1:4
  2: applies 1:4
  1 > 2 PROPOSAL 1:5 create /b
  1 > 2 COMMIT 1:5
  2: applies 1:5
  1 > 2 PROPOSAL 1:6 createSession client-1
  1 > 2 COMMIT 1:6
  2: applies 1:6
  1 > 2 PROPOSAL 1:7 create /c
  1 > 2 COMMIT 1:7
  2: applies 1:7
  1 > 2 NEWLEADER 2:0
  3: disk has 1:6
  2: disk has 1:3
  3: disk has 1:7
  3: acceptedEpoch 2, currentEpoch 2
  2: disk has 1:7
  2: acceptedEpoch 2, currentEpoch 2
  3 > 1 ACK 2:0
  2 > 1 ACK 2:0
  1: leader, serves clients
  1 > 3 UPTODATE
  3: follower, serves clients
  1 > 2 UPTODATE
  2: follower, serves clients
  3 > 1 ACK 2:0
  2 > 1 ACK 2:0
expect leader 1
expect 2 has /a /b /c
expect equal
