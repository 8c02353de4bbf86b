# A leader that was paused for long comes back to find that another one leads, and follows it.
# Source: stalls of a whole process; time that it did not see has passed all the same

cluster 3
  1 follower, serves clients, last 0:0
  2 follower, serves clients, last 0:0
  3 leader, serves clients, last 1:0
session s1 at 3
session s2 at 1
settle
  3: proposes 1:1 createSession a new session
  3 > 2 PROPOSAL 1:1 createSession a new session
  3 > 1 PROPOSAL 1:1 createSession a new session
  3: disk has 1:1
  1 > 3 REQUEST createSession of a new session
  3: proposes 1:2 createSession a new session
  2: disk has 1:1
  1: disk has 1:1
  3 > 2 PROPOSAL 1:2 createSession a new session
  3 > 1 PROPOSAL 1:2 createSession a new session
  3: disk has 1:2
  2 > 3 ACK 1:1
  3: commits 1:1
  s1: has its session, 10000 ms
  1 > 3 ACK 1:1
  2: disk has 1:2
  1: disk has 1:2
  3 > 2 COMMIT 1:1
  2: commits 1:1
  3 > 1 COMMIT 1:1
  1: commits 1:1
  2 > 3 ACK 1:2
  3: commits 1:2
  1 > 3 ACK 1:2
  3 > 2 COMMIT 1:2
  2: commits 1:2
  3 > 1 COMMIT 1:2
  1: commits 1:2
  s2: has its session, 10000 ms
stall 3
tick 6000
  2: "the role as follower is over: the leader has been silent for 5001 ms"
  2: looking
  1: "the role as follower is over: the leader has been silent for 5001 ms"
  1: looking
  s2: disconnected
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
settle
expect leader 2
move s2 1
create s2 /new
settle
  1 > 2 REVALIDATE s2
  2 > 1 REVALIDATE s2 lives
  s2: has its session, 10000 ms
  1 > 2 REQUEST create of s2
  2: proposes 2:1 create /new
  2 > 1 PROPOSAL 2:1 create /new
  2: disk has 2:1
  1: disk has 2:1
  1 > 2 ACK 2:1
  2: commits 2:1
  2 > 1 COMMIT 2:1
  1: commits 2:1
  s2: create /new: ok (2:1)
# It wakes up and cannot commit anything: it is nobody's leader any more.
create s1 /old
resume 3
  3: "the role as leader is over: only servers 3 are left of a quorum"
  3: looking
  s1: disconnected, without an answer to create /old
tick 1000
  3: follower
  3: connected to 2
  3 > 2 FOLLOWERINFO acceptedEpoch 1
  2 > 3 LEADERINFO epoch 2
  3: acceptedEpoch 2, currentEpoch 1
  3 > 2 ACKEPOCH last 1:2 currentEpoch 1
  2 > 3 DIFF 2:1
  2 > 3 PROPOSAL 2:1 create /new
  2 > 3 COMMIT 2:1
  3: applies 2:1
  2 > 3 NEWLEADER 2:0
  3: disk has 2:1
  3: acceptedEpoch 2, currentEpoch 2
  3 > 2 ACK 2:0
  2 > 3 UPTODATE
  3: follower, serves clients
  3 > 2 ACK 2:0
settle
expect leader 2
expect 3 follower
expect 3 has /new
expect 1 lacks /old
expect equal
