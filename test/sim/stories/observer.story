# An observer is told what was committed, in one packet, and is not asked; its clients' writes go to the leader like all others.
# Source: Apache ZooKeeper, Observer: INFORM in place of PROPOSAL and COMMIT

cluster 3 observers 1
  1 follower, serves clients, last 0:0
  2 follower, serves clients, last 0:0
  3 leader, serves clients, last 1:0
  4 observer, serves clients, last 0:0
session s1 at 4
settle
  4 > 3 REQUEST createSession of a new session
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
  3 > 4 INFORM 1:1 createSession a new session
  4: commits 1:1
  s1: has its session, 10000 ms
  4: disk has 1:1
create s1 /a
settle
  4 > 3 REQUEST create of s1
  3: proposes 1:2 create /a
  3 > 2 PROPOSAL 1:2 create /a
  3 > 1 PROPOSAL 1:2 create /a
  3: disk has 1:2
  2: disk has 1:2
  1: disk has 1:2
  2 > 3 ACK 1:2
  3: commits 1:2
  1 > 3 ACK 1:2
  3 > 2 COMMIT 1:2
  2: commits 1:2
  3 > 1 COMMIT 1:2
  1: commits 1:2
  3 > 4 INFORM 1:2 create /a
  4: commits 1:2
  s1: create /a: ok (1:2)
  4: disk has 1:2
get s1 /a
sync s1 /
settle
  s1: get /a: ok "/a" (1:2)
  4 > 3 REQUEST sync of s1
  3 > 4 SYNC
  s1: sync /: ok (1:2)
expect equal
# Its acknowledgement is none: with both followers gone the leader steps down, and the observer's client has to wait.
kill 1 2
  1: down
  2: down
create s1 /b
tick 2000
  4 > 3 REQUEST create of s1
  3: proposes 1:3 create /b
  3: disk has 1:3
  3: "the role as leader is over: only servers 3 are left of a quorum"
  3: applies 1:3
  3: looking
  4: loses the connection to 3
  4: "the role as observer is over: the connection ended"
  4: looking
  s1: disconnected, without an answer to create /b
expect no leader
roles
  1 down, last 1:2
  2 down, last 1:2
  3 looking, last 1:3
  4 looking, last 1:2
start 1
  1: has 1:2 from its disk
  1: looking
tick 2000
  1: follower
  3: leader
  4: observer
  1: connected to 3
  4: connected to 3
  1 > 3 FOLLOWERINFO acceptedEpoch 1
  3: acceptedEpoch 2, currentEpoch 1
  4 > 3 OBSERVERINFO acceptedEpoch 1
  3 > 1 LEADERINFO epoch 2
  1: acceptedEpoch 2, currentEpoch 1
  3 > 4 LEADERINFO epoch 2
  4: acceptedEpoch 2, currentEpoch 1
  1 > 3 ACKEPOCH last 1:2 currentEpoch 1
  3: acceptedEpoch 2, currentEpoch 2
  4 > 3 ACKEPOCH last 1:2 currentEpoch 1
  3 > 1 DIFF 1:3
  3 > 1 PROPOSAL 1:3 create /b
  3 > 1 COMMIT 1:3
  1: applies 1:3
  3 > 1 NEWLEADER 2:0
  3 > 4 DIFF 1:3
  3 > 4 PROPOSAL 1:3 create /b
  3 > 4 COMMIT 1:3
  4: applies 1:3
  3 > 4 NEWLEADER 2:0
  1: disk has 1:3
  1: acceptedEpoch 2, currentEpoch 2
  4: disk has 1:3
  4: acceptedEpoch 2, currentEpoch 2
  1 > 3 ACK 2:0
  3: leader, serves clients
  4 > 3 ACK 2:0
  3 > 1 UPTODATE
  1: follower, serves clients
  3 > 4 UPTODATE
  4: observer, serves clients
  1 > 3 ACK 2:0
  4 > 3 ACK 2:0
settle
expect leader 3
expect 4 observer
expect equal
