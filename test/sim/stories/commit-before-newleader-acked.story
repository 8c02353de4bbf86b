# Between NEWLEADER and UPTODATE transactions go on being proposed and committed; all of them reach the learner, once.
# Source: notes of the TLA+ specification; ZOOKEEPER-3023

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
create s1 /before
settle
  3: proposes 1:2 create /before
  3 > 2 PROPOSAL 1:2 create /before
  3: disk has 1:2
  2: disk has 1:2
  2 > 3 ACK 1:2
  3: commits 1:2
  s1: create /before: ok (1:2)
  3 > 2 COMMIT 1:2
  2: commits 1:2
start 1
  1: has 1:1 from its disk
  1: looking
until 3 > 1 DIFF
  1: follower
  1: connected to 3
  1 > 3 FOLLOWERINFO acceptedEpoch 1
  3 > 1 LEADERINFO epoch 1
  1 > 3 ACKEPOCH last 1:1 currentEpoch -1
  3 > 1 DIFF 1:2
slow-disk 1
until 3 > 1 NEWLEADER
  3 > 1 PROPOSAL 1:2 create /before
  3 > 1 COMMIT 1:2
  1: applies 1:2
  3 > 1 NEWLEADER 1:0
# Its disk is slow: NEWLEADER is not acknowledged. Meanwhile:
create s1 /between-1
create s1 /between-2
settle
  3: proposes 1:3 create /between-1
  3: proposes 1:4 create /between-2
  3 > 2 PROPOSAL 1:3 create /between-1
  3 > 1 PROPOSAL 1:3 create /between-1
  3: disk has 1:3
  3 > 2 PROPOSAL 1:4 create /between-2
  3 > 1 PROPOSAL 1:4 create /between-2
  2: disk has 1:3
  3: disk has 1:4
  2 > 3 ACK 1:3
  3: commits 1:3
  s1: create /between-1: ok (1:3)
  2: disk has 1:4
  3 > 2 COMMIT 1:3
  2: commits 1:3
  3 > 1 COMMIT 1:3
  2 > 3 ACK 1:4
  3: commits 1:4
  s1: create /between-2: ok (1:4)
  3 > 2 COMMIT 1:4
  2: commits 1:4
  3 > 1 COMMIT 1:4
expect 3 has /between-1 /between-2
expect 1 lacks /between-1
fast-disk 1
settle
  1: disk has 1:2
  1: applies 1:3
  1: applies 1:4
  1 > 3 ACK 1:0
  1: disk has 1:4
  3 > 1 UPTODATE
  1: follower, serves clients
  1 > 3 ACK 1:3
  1 > 3 ACK 1:4
  1 > 3 ACK 1:0
expect 1 follower
expect 1 has /before /between-1 /between-2
expect equal
