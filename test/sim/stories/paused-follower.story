# A follower that was paused for long is given up meanwhile; when it wakes up it finds the leader again, and what it missed.
# Source: stalls of a whole process

cluster 3
  1 follower, serves clients, last 0:0
  2 follower, serves clients, last 0:0
  3 leader, serves clients, last 1:0
session s1 at 1
session s2 at 2
settle
  1 > 3 REQUEST createSession of a new session
  3: proposes 1:1 createSession a new session
  2 > 3 REQUEST createSession of a new session
  3: proposes 1:2 createSession a new session
  3 > 2 PROPOSAL 1:1 createSession a new session
  3 > 1 PROPOSAL 1:1 createSession a new session
  3: disk has 1:1
  3 > 2 PROPOSAL 1:2 createSession a new session
  3 > 1 PROPOSAL 1:2 createSession a new session
  2: disk has 1:1
  1: disk has 1:1
  3: disk has 1:2
  2 > 3 ACK 1:1
  3: commits 1:1
  2: disk has 1:2
  1 > 3 ACK 1:1
  1: disk has 1:2
  3 > 2 COMMIT 1:1
  2: commits 1:1
  3 > 1 COMMIT 1:1
  1: commits 1:1
  s1: has its session, 10000 ms
  2 > 3 ACK 1:2
  3: commits 1:2
  1 > 3 ACK 1:2
  3 > 2 COMMIT 1:2
  2: commits 1:2
  s2: has its session, 10000 ms
  3 > 1 COMMIT 1:2
  1: commits 1:2
stall 1
create s2 /a
# What its client asks waits in the sockets.
get s1 /a
settle
  2 > 3 REQUEST create of s2
  3: proposes 1:3 create /a
  3 > 2 PROPOSAL 1:3 create /a
  3: disk has 1:3
  2: disk has 1:3
  2 > 3 ACK 1:3
  3: commits 1:3
  3 > 2 COMMIT 1:3
  2: commits 1:3
  s2: create /a: ok (1:3)
expect leader 3
tick 8000
expect leader 3
resume 1
  1: "the role as follower is over: the leader has been silent for 8271 ms"
  1: looking
  s1: disconnected, without an answer to get /a
tick 1000
  1: follower
  1: connected to 3
  1 > 3 FOLLOWERINFO acceptedEpoch 1
  3 > 1 LEADERINFO epoch 1
  1 > 3 ACKEPOCH last 1:2 currentEpoch -1
  3 > 1 DIFF 1:3
  3 > 1 PROPOSAL 1:3 create /a
  3 > 1 COMMIT 1:3
  1: applies 1:3
  3 > 1 NEWLEADER 1:0
  1: disk has 1:3
  1 > 3 ACK 1:0
  3 > 1 UPTODATE
  1: follower, serves clients
  1 > 3 ACK 1:0
settle
expect 1 has /a
expect equal
move s1 1
get s1 /a
settle
  1 > 3 REVALIDATE s1
  3 > 1 REVALIDATE s1 lives
  s1: has its session, 10000 ms
  s1: get /a: ok "/a" (1:3)
