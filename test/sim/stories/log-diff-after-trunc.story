# A server that lags more than memory holds, and has a tail that nobody committed: the tail is cut off, and the log files of the
# leader bring the rest.
# Source: ZOOKEEPER-2846 and 2418

cluster 3 commit-log 2 log-sync
  1 follower, serves clients, last 0:0
  2 follower, serves clients, last 0:0
  3 leader, serves clients, last 1:0
create 1 /1
create 1 /2
create 1 /3
create 1 /4
create 1 /5
create 1 /6
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
  3: proposes 1:2 create /1
  1 > 3 REQUEST create of client-1
  3: proposes 1:3 create /2
  1 > 3 REQUEST create of client-1
  3: proposes 1:4 create /3
  1 > 3 REQUEST create of client-1
  3: proposes 1:5 create /4
  1 > 3 REQUEST create of client-1
  3: proposes 1:6 create /5
  1 > 3 REQUEST create of client-1
  3: proposes 1:7 create /6
  3 > 2 PROPOSAL 1:2 create /1
  3 > 1 PROPOSAL 1:2 create /1
  3: disk has 1:2
  3 > 2 PROPOSAL 1:3 create /2
  3 > 1 PROPOSAL 1:3 create /2
  3 > 2 PROPOSAL 1:4 create /3
  3 > 1 PROPOSAL 1:4 create /3
  3 > 2 PROPOSAL 1:5 create /4
  3 > 1 PROPOSAL 1:5 create /4
  3 > 2 PROPOSAL 1:6 create /5
  3 > 1 PROPOSAL 1:6 create /5
  3 > 2 PROPOSAL 1:7 create /6
  3 > 1 PROPOSAL 1:7 create /6
  2: disk has 1:2
  1: disk has 1:2
  3: disk has 1:7
  2 > 3 ACK 1:2
  3: commits 1:2
  2: disk has 1:7
  1 > 3 ACK 1:2
  1: disk has 1:7
  3 > 2 COMMIT 1:2
  2: commits 1:2
  3 > 1 COMMIT 1:2
  1: commits 1:2
  client-1: create /1: ok (1:2)
  2 > 3 ACK 1:3
  3: commits 1:3
  2 > 3 ACK 1:4
  3: commits 1:4
  2 > 3 ACK 1:5
  3: commits 1:5
  2 > 3 ACK 1:6
  3: commits 1:6
  2 > 3 ACK 1:7
  3: commits 1:7
  1 > 3 ACK 1:3
  1 > 3 ACK 1:4
  1 > 3 ACK 1:5
  1 > 3 ACK 1:6
  1 > 3 ACK 1:7
  3 > 2 COMMIT 1:3
  2: commits 1:3
  3 > 1 COMMIT 1:3
  1: commits 1:3
  client-1: create /2: ok (1:3)
  3 > 2 COMMIT 1:4
  2: commits 1:4
  3 > 1 COMMIT 1:4
  1: commits 1:4
  client-1: create /3: ok (1:4)
  3 > 2 COMMIT 1:5
  2: commits 1:5
  3 > 1 COMMIT 1:5
  1: commits 1:5
  client-1: create /4: ok (1:5)
  3 > 2 COMMIT 1:6
  2: commits 1:6
  3 > 1 COMMIT 1:6
  1: commits 1:6
  client-1: create /5: ok (1:6)
  3 > 2 COMMIT 1:7
  2: commits 1:7
  3 > 1 COMMIT 1:7
  1: commits 1:7
  client-1: create /6: ok (1:7)
kill 1 2
  1: down
  2: down
  client-1: disconnected
create 3 /tail
settle
  3: proposes 1:8 createSession a new session
  3: disk has 1:8
kill 3
  3: down
  client-3: disconnected, without an answer to create /tail
start 1 2
  1: has 1:7 from its disk
  1: looking
  2: has 1:7 from its disk
  2: looking
settle
  1: follower
  2: leader
  1: connected to 2
  1 > 2 FOLLOWERINFO acceptedEpoch 1
  2: acceptedEpoch 2, currentEpoch 1
  2 > 1 LEADERINFO epoch 2
  1: acceptedEpoch 2, currentEpoch 1
  1 > 2 ACKEPOCH last 1:7 currentEpoch 1
  2: acceptedEpoch 2, currentEpoch 2
  2 > 1 DIFF 1:7
  2 > 1 NEWLEADER 2:0
  1: acceptedEpoch 2, currentEpoch 2
  1 > 2 ACK 2:0
  2: leader, serves clients
  2 > 1 UPTODATE
  1: follower, serves clients
  1 > 2 ACK 2:0
create 1 /a
create 1 /b
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
  2: proposes 2:2 create /a
  1 > 2 REQUEST create of client-1
  2: proposes 2:3 create /b
  1 > 2 REQUEST create of client-1
  2: proposes 2:4 create /c
  2 > 1 PROPOSAL 2:2 create /a
  2: disk has 2:2
  2 > 1 PROPOSAL 2:3 create /b
  2 > 1 PROPOSAL 2:4 create /c
  1: disk has 2:2
  2: disk has 2:4
  1 > 2 ACK 2:2
  2: commits 2:2
  1: disk has 2:4
  2 > 1 COMMIT 2:2
  1: commits 2:2
  client-1: create /a: ok (2:2)
  1 > 2 ACK 2:3
  2: commits 2:3
  1 > 2 ACK 2:4
  2: commits 2:4
  2 > 1 COMMIT 2:3
  1: commits 2:3
  client-1: create /b: ok (2:3)
  2 > 1 COMMIT 2:4
  1: commits 2:4
  client-1: create /c: ok (2:4)
start 3
  3: has 1:8 from its disk
  3: looking
settle
  3: follower
  3: connected to 2
  3 > 2 FOLLOWERINFO acceptedEpoch 1
  2 > 3 LEADERINFO epoch 2
  3: acceptedEpoch 2, currentEpoch 1
  3 > 2 ACKEPOCH last 1:8 currentEpoch 1
  2 > 3 TRUNC 1:7
  3: has 1:7 from its disk
  2 > 3 PROPOSAL 2:1 createSession client-1
  2 > 3 COMMIT 2:1
  3: applies 2:1
  2 > 3 PROPOSAL 2:2 create /a
  2 > 3 COMMIT 2:2
  3: applies 2:2
  3: disk has 2:2
  2 > 3 PROPOSAL 2:3 create /b
  2 > 3 COMMIT 2:3
  3: applies 2:3
  2 > 3 PROPOSAL 2:4 create /c
  2 > 3 COMMIT 2:4
  3: applies 2:4
  2 > 3 NEWLEADER 2:0
  3: disk has 2:3
  3: disk has 2:4
  3: acceptedEpoch 2, currentEpoch 2
  3 > 2 ACK 2:0
  2 > 3 UPTODATE
  3: follower, serves clients
  3 > 2 ACK 2:0
expect 3 lacks /tail
expect 3 has /a /b /c
expect equal
