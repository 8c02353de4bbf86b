# Writes go on while a follower is brought up to date, and none of them falls between what it is sent and what is forwarded.
# Source: ZOOKEEPER-4785; notes of the TLA+ specification: proposals go to every learner that was sent NEWLEADER

cluster 3
  1 follower, serves clients, last 0:0
  2 follower, serves clients, last 0:0
  3 leader, serves clients, last 1:0
session s1 at 2
settle
  2 > 3 REQUEST createSession of a new session
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
  s1: has its session, 10000 ms
  3 > 1 COMMIT 1:1
  1: commits 1:1
kill 1
  1: down
create s1 /w1
create s1 /w2
settle
  2 > 3 REQUEST create of s1
  3: proposes 1:2 create /w1
  2 > 3 REQUEST create of s1
  3: proposes 1:3 create /w2
  3 > 2 PROPOSAL 1:2 create /w1
  3: disk has 1:2
  3 > 2 PROPOSAL 1:3 create /w2
  2: disk has 1:2
  3: disk has 1:3
  2 > 3 ACK 1:2
  3: commits 1:2
  2: disk has 1:3
  3 > 2 COMMIT 1:2
  2: commits 1:2
  s1: create /w1: ok (1:2)
  2 > 3 ACK 1:3
  3: commits 1:3
  3 > 2 COMMIT 1:3
  2: commits 1:3
  s1: create /w2: ok (1:3)
start 1
  1: has 1:1 from its disk
  1: looking
until 1: connected to 3
  1: follower
  1: connected to 3
create s1 /w3
create s1 /w4
until 3 > 1 DIFF
  1 > 3 FOLLOWERINFO acceptedEpoch 1
  3 > 1 LEADERINFO epoch 1
  2 > 3 REQUEST create of s1
  3: proposes 1:4 create /w3
  2 > 3 REQUEST create of s1
  3: proposes 1:5 create /w4
  1 > 3 ACKEPOCH last 1:1 currentEpoch -1
  3 > 2 PROPOSAL 1:4 create /w3
  3: disk has 1:4
  3 > 2 PROPOSAL 1:5 create /w4
  3 > 1 DIFF 1:3
create s1 /w5
create s1 /w6
until 3 > 1 NEWLEADER
  3 > 1 PROPOSAL 1:2 create /w1
  3 > 1 COMMIT 1:2
  1: applies 1:2
  3 > 1 PROPOSAL 1:3 create /w2
  3 > 1 COMMIT 1:3
  1: applies 1:3
  3 > 1 NEWLEADER 1:0
create s1 /w7
until 1 > 3 ACK
  3 > 1 PROPOSAL 1:4 create /w3
  3 > 1 PROPOSAL 1:5 create /w4
  2: disk has 1:4
  3: disk has 1:5
  1: disk has 1:2
  2 > 3 ACK 1:4
  3: commits 1:4
  2: disk has 1:5
  2 > 3 REQUEST create of s1
  3: proposes 1:6 create /w5
  2 > 3 REQUEST create of s1
  3: proposes 1:7 create /w6
  1: disk has 1:3
  2 > 3 REQUEST create of s1
  3: proposes 1:8 create /w7
  3 > 2 COMMIT 1:4
  2: commits 1:4
  s1: create /w3: ok (1:4)
  3 > 1 COMMIT 1:4
  1: applies 1:4
  2 > 3 ACK 1:5
  3: commits 1:5
  3 > 2 PROPOSAL 1:6 create /w5
  3 > 1 PROPOSAL 1:6 create /w5
  3: disk has 1:6
  3 > 2 PROPOSAL 1:7 create /w6
  3 > 1 PROPOSAL 1:7 create /w6
  1 > 3 ACK 1:0
create s1 /w8
until 3 > 1 UPTODATE
  1: disk has 1:5
  3 > 2 PROPOSAL 1:8 create /w7
  3 > 1 PROPOSAL 1:8 create /w7
  3 > 2 COMMIT 1:5
  2: commits 1:5
  s1: create /w4: ok (1:5)
  3 > 1 COMMIT 1:5
  1: applies 1:5
  2: disk has 1:6
  3: disk has 1:8
  3 > 1 UPTODATE
  1: follower, serves clients
create s1 /w9
settle
  1 > 3 ACK 1:4
  1 > 3 ACK 1:5
  1: disk has 1:7
  2 > 3 ACK 1:6
  3: commits 1:6
  2: disk has 1:8
  1 > 3 ACK 1:0
  2 > 3 REQUEST create of s1
  3: proposes 1:9 create /w8
  1 > 3 ACK 1:6
  1 > 3 ACK 1:7
  3: commits 1:7
  1: disk has 1:8
  3 > 2 COMMIT 1:6
  2: commits 1:6
  s1: create /w5: ok (1:6)
  3 > 1 COMMIT 1:6
  1: commits 1:6
  2 > 3 ACK 1:7
  2 > 3 ACK 1:8
  3: commits 1:8
  2 > 3 REQUEST create of s1
  3: proposes 1:10 create /w9
  3 > 2 PROPOSAL 1:9 create /w8
  3 > 1 PROPOSAL 1:9 create /w8
  3: disk has 1:9
  3 > 2 COMMIT 1:7
  2: commits 1:7
  s1: create /w6: ok (1:7)
  3 > 1 COMMIT 1:7
  1: commits 1:7
  1 > 3 ACK 1:8
  3 > 2 COMMIT 1:8
  2: commits 1:8
  s1: create /w7: ok (1:8)
  3 > 1 COMMIT 1:8
  1: commits 1:8
  3 > 2 PROPOSAL 1:10 create /w9
  3 > 1 PROPOSAL 1:10 create /w9
  2: disk has 1:9
  1: disk has 1:9
  3: disk has 1:10
  2 > 3 ACK 1:9
  3: commits 1:9
  2: disk has 1:10
  1 > 3 ACK 1:9
  1: disk has 1:10
  3 > 2 COMMIT 1:9
  2: commits 1:9
  s1: create /w8: ok (1:9)
  3 > 1 COMMIT 1:9
  1: commits 1:9
  2 > 3 ACK 1:10
  3: commits 1:10
  1 > 3 ACK 1:10
  3 > 2 COMMIT 1:10
  2: commits 1:10
  s1: create /w9: ok (1:10)
  3 > 1 COMMIT 1:10
  1: commits 1:10
expect 1 has /w1 /w2 /w3 /w4 /w5 /w6 /w7 /w8 /w9
expect equal
