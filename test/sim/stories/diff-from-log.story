# DIFF from the log files: who missed more than memory holds gets it from disk.
# Source: Apache ZooKeeper, LearnerHandler.syncFollower; ZOOKEEPER-2418: from the files to memory without a gap

cluster 3 commit-log 2 log-sync
  1 follower, serves clients, last 0:0
  2 follower, serves clients, last 0:0
  3 leader, serves clients, last 1:0
create 3 /first
settle
  3: proposes 1:1 createSession a new session
  3 > 2 PROPOSAL 1:1 createSession a new session
  3 > 1 PROPOSAL 1:1 createSession a new session
  3: disk has 1:1
  2: disk has 1:1
  1: disk has 1:1
  2 > 3 ACK 1:1
  3: commits 1:1
  3: proposes 1:2 create /first
  client-3: has its session, 10000 ms
  1 > 3 ACK 1:1
  3 > 2 COMMIT 1:1
  2: commits 1:1
  3 > 2 PROPOSAL 1:2 create /first
  3 > 1 COMMIT 1:1
  1: commits 1:1
  3 > 1 PROPOSAL 1:2 create /first
  3: disk has 1:2
  2: disk has 1:2
  1: disk has 1:2
  2 > 3 ACK 1:2
  3: commits 1:2
  client-3: create /first: ok (1:2)
  1 > 3 ACK 1:2
  3 > 2 COMMIT 1:2
  2: commits 1:2
  3 > 1 COMMIT 1:2
  1: commits 1:2
kill 1
  1: down
create 2 /a
create 2 /b
create 2 /c
create 2 /d
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
  2 > 3 REQUEST create of client-2
  3: proposes 1:6 create /c
  2 > 3 REQUEST create of client-2
  3: proposes 1:7 create /d
  3 > 2 PROPOSAL 1:4 create /a
  3: disk has 1:4
  3 > 2 PROPOSAL 1:5 create /b
  3 > 2 PROPOSAL 1:6 create /c
  3 > 2 PROPOSAL 1:7 create /d
  2: disk has 1:4
  3: disk has 1:7
  2 > 3 ACK 1:4
  3: commits 1:4
  2: disk has 1:7
  3 > 2 COMMIT 1:4
  2: commits 1:4
  client-2: create /a: ok (1:4)
  2 > 3 ACK 1:5
  3: commits 1:5
  2 > 3 ACK 1:6
  3: commits 1:6
  2 > 3 ACK 1:7
  3: commits 1:7
  3 > 2 COMMIT 1:5
  2: commits 1:5
  client-2: create /b: ok (1:5)
  3 > 2 COMMIT 1:6
  2: commits 1:6
  client-2: create /c: ok (1:6)
  3 > 2 COMMIT 1:7
  2: commits 1:7
  client-2: create /d: ok (1:7)
start 1
  1: has 1:2 from its disk
  1: looking
settle
  1: follower
  1: connected to 3
  1 > 3 FOLLOWERINFO acceptedEpoch 1
  3 > 1 LEADERINFO epoch 1
  1 > 3 ACKEPOCH last 1:2 currentEpoch -1
  3 > 1 DIFF 1:7
  3 > 1 PROPOSAL 1:3 createSession client-2
  3 > 1 COMMIT 1:3
  1: applies 1:3
  3 > 1 PROPOSAL 1:4 create /a
  3 > 1 COMMIT 1:4
  1: applies 1:4
  3 > 1 PROPOSAL 1:5 create /b
  3 > 1 COMMIT 1:5
  1: applies 1:5
  1: disk has 1:5
  3 > 1 PROPOSAL 1:6 create /c
  3 > 1 COMMIT 1:6
  1: applies 1:6
  3 > 1 PROPOSAL 1:7 create /d
  3 > 1 COMMIT 1:7
  1: applies 1:7
  3 > 1 NEWLEADER 1:0
  1: disk has 1:6
  1: disk has 1:7
  1 > 3 ACK 1:0
  3 > 1 UPTODATE
  1: follower, serves clients
  1 > 3 ACK 1:0
expect 1 has /a /b /c /d
expect equal
