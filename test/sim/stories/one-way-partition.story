# A leader that is heard but hears nobody steps down: its pings alone do not keep it leading.
# Source: network partitions, one-way; a leader has to hear a quorum within syncLimit

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
# From now on packets pass from 3 to the others, and nothing comes back.
one-way 3 > 1
one-way 3 > 2
create s1 /a
settle
  3: proposes 1:2 create /a
  3 > 2 PROPOSAL 1:2 create /a
  3 > 1 PROPOSAL 1:2 create /a
  3: disk has 1:2
  2: disk has 1:2
  1: disk has 1:2
# Both have it on disk, and nobody learns of it.
expect 3 lacks /a
tick 8000
  3: "the role as leader is over: only servers 3 are left of a quorum"
  3: applies 1:2
  3: looking
  s1: disconnected, without an answer to create /a
  2: loses the connection to 3
  2: "the role as follower is over: the connection ended"
  2: applies 1:2
  2: looking
  1: loses the connection to 3
  1: "the role as follower is over: the connection ended"
  1: applies 1:2
  1: looking
  2: follower
  1: follower
# The others still hear the votes of server 3, which never hears theirs. They give it initLimit to let them connect.
expect no leader
tick 20000
  2: "the role as follower is over: no connection to the leader"
  2: looking
  1: "the role as follower is over: no connection to the leader"
  1: looking
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
  2: proposes 2:1 closeSession s1
  2 > 1 PROPOSAL 2:1 closeSession s1
  2: disk has 2:1
  1: disk has 2:1
  1 > 2 ACK 2:1
  2: commits 2:1
  2 > 1 COMMIT 2:1
  1: commits 2:1
expect leader 2
heal
tick 2000
  3: follower
  3: connected to 2
  3 > 2 FOLLOWERINFO acceptedEpoch 1
  2 > 3 LEADERINFO epoch 2
  3: acceptedEpoch 2, currentEpoch 1
  3 > 2 ACKEPOCH last 1:2 currentEpoch 1
  2 > 3 DIFF 2:1
  2 > 3 PROPOSAL 2:1 closeSession s1
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
roles
  1 follower, serves clients, last 2:1
  2 leader, serves clients, last 2:1
  3 follower, serves clients, last 2:1
# It was in every log, so it counts.
expect 1 has /a
expect equal
