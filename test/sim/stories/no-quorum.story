# A leader whose followers are gone steps down, and sends its clients away.
# Source: Apache ZooKeeper, Leader.lead: it shuts down when it has not heard from a quorum

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
kill 1 2
  1: down
  2: down
create s1 /a
settle
  3: proposes 1:2 create /a
  3: disk has 1:2
expect 3 leader
# Half a tick later it has looked around.
tick 1000
  3: "the role as leader is over: only servers 3 are left of a quorum"
  3: applies 1:2
  3: looking
  s1: disconnected, without an answer to create /a
expect 3 looking
roles
  1 down, last 1:1
  2 down, last 1:1
  3 looking, last 1:2
# The proposal that nobody acknowledged is still in its log. With a quorum it may be committed, and here it is.
start 1
  1: has 1:1 from its disk
  1: looking
settle
  1: follower
  3: leader
  1: connected to 3
  1 > 3 FOLLOWERINFO acceptedEpoch 1
  3: acceptedEpoch 2, currentEpoch 1
  3 > 1 LEADERINFO epoch 2
  1: acceptedEpoch 2, currentEpoch 1
  1 > 3 ACKEPOCH last 1:1 currentEpoch 1
  3: acceptedEpoch 2, currentEpoch 2
  3 > 1 DIFF 1:2
  3 > 1 PROPOSAL 1:2 create /a
  3 > 1 COMMIT 1:2
  1: applies 1:2
  3 > 1 NEWLEADER 2:0
  1: disk has 1:2
  1: acceptedEpoch 2, currentEpoch 2
  1 > 3 ACK 2:0
  3: leader, serves clients
  3 > 1 UPTODATE
  1: follower, serves clients
  1 > 3 ACK 2:0
expect leader 3
expect 1 has /a
