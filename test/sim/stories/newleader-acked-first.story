# Nothing that is proposed during synchronization is acknowledged before NEWLEADER is.
# Source: ZOOKEEPER-4685

cluster 3
  1 follower, serves clients, last 0:0
  2 follower, serves clients, last 0:0
  3 leader, serves clients, last 1:0
session s1 at 3
settle
  3: proposes 1:1 createSession a new session
  3 > 2 PROPOSAL 1:1 createSession a new session
  3 > 1 PROPOSAL 1:1 createSession a new session
  3: disk has 1:1
  2: disk has 1:1
  1: disk has 1:1
  2 > 3 ACK 1:1
  3: commits 1:1
  s1: has its session, 10000 ms
  1 > 3 ACK 1:1
  3 > 2 COMMIT 1:1
  2: commits 1:1
  3 > 1 COMMIT 1:1
  1: commits 1:1
kill 1
  1: down
slow-disk 2
create s1 /a
settle
  3: proposes 1:2 create /a
  3 > 2 PROPOSAL 1:2 create /a
  3: disk has 1:2
# /a is proposed and not committed when server 1 comes: it gets it behind NEWLEADER.
start 1
  1: has 1:1 from its disk
  1: looking
settle
  1: follower
  1: connected to 3
  1 > 3 FOLLOWERINFO acceptedEpoch 1
  3 > 1 LEADERINFO epoch 1
  1 > 3 ACKEPOCH last 1:1 currentEpoch -1
  3 > 1 DIFF 1:1
  3 > 1 NEWLEADER 1:0
  3 > 1 PROPOSAL 1:2 create /a
  1 > 3 ACK 1:0
  1: disk has 1:2
  3 > 1 UPTODATE
  1: follower, serves clients
  1 > 3 ACK 1:2
  3: commits 1:2
  s1: create /a: ok (1:2)
  1 > 3 ACK 1:0
  3 > 2 COMMIT 1:2
  2: commits 1:2
  3 > 1 COMMIT 1:2
  1: commits 1:2
expect 1 has /a
expect leader 3
fast-disk 2
settle
  2: disk has 1:2
  2 > 3 ACK 1:2
expect equal
