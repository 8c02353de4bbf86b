# A new leader gives every session its full timeout, and ends those that do not come back.
# Source: Apache ZooKeeper, LeaderSessionTracker: a new leader begins with the full timeouts

cluster 3
  1 follower, serves clients, last 0:0
  2 follower, serves clients, last 0:0
  3 leader, serves clients, last 1:0
session back at 1 timeout 4000
session gone at 3 timeout 4000
create back /back ephemeral
create gone /gone ephemeral
settle
  3: proposes 1:1 createSession a new session
  1 > 3 REQUEST createSession of a new session
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
  3: proposes 1:3 create /gone
  gone: has its session, 4000 ms
  2: disk has 1:2
  1 > 3 ACK 1:1
  1: disk has 1:2
  3 > 2 COMMIT 1:1
  2: commits 1:1
  3 > 2 PROPOSAL 1:3 create /gone
  3 > 1 COMMIT 1:1
  1: commits 1:1
  3 > 1 PROPOSAL 1:3 create /gone
  3: disk has 1:3
  2 > 3 ACK 1:2
  3: commits 1:2
  1 > 3 ACK 1:2
  2: disk has 1:3
  1: disk has 1:3
  3 > 2 COMMIT 1:2
  2: commits 1:2
  3 > 1 COMMIT 1:2
  1: commits 1:2
  back: has its session, 4000 ms
  2 > 3 ACK 1:3
  3: commits 1:3
  gone: create /gone: ok (1:3)
  1 > 3 ACK 1:3
  1 > 3 REQUEST create of back
  3: proposes 1:4 create /back
  3 > 2 COMMIT 1:3
  2: commits 1:3
  3 > 1 COMMIT 1:3
  1: commits 1:3
  3 > 2 PROPOSAL 1:4 create /back
  3 > 1 PROPOSAL 1:4 create /back
  3: disk has 1:4
  2: disk has 1:4
  1: disk has 1:4
  2 > 3 ACK 1:4
  3: commits 1:4
  1 > 3 ACK 1:4
  3 > 2 COMMIT 1:4
  2: commits 1:4
  3 > 1 COMMIT 1:4
  1: commits 1:4
  back: create /back: ok (1:4)
kill 3
  3: down
  gone: disconnected
settle
  2: loses the connection to 3
  2: "the role as follower is over: the connection ended"
  2: looking
  1: loses the connection to 3
  1: "the role as follower is over: the connection ended"
  1: looking
  back: disconnected
  1: follower
  2: leader
  1: connected to 2
  1 > 2 FOLLOWERINFO acceptedEpoch 1
  2: acceptedEpoch 2, currentEpoch 1
  2 > 1 LEADERINFO epoch 2
  1: acceptedEpoch 2, currentEpoch 1
  1 > 2 ACKEPOCH last 1:4 currentEpoch 1
  2: acceptedEpoch 2, currentEpoch 2
  2 > 1 DIFF 1:4
  2 > 1 NEWLEADER 2:0
  1: acceptedEpoch 2, currentEpoch 2
  1 > 2 ACK 2:0
  2: leader, serves clients
  2 > 1 UPTODATE
  1: follower, serves clients
  1 > 2 ACK 2:0
expect leader 2
move back 1
tick 3000
  1 > 2 REVALIDATE back
  2 > 1 REVALIDATE back lives
  back: has its session, 4000 ms
expect 2 has /gone /back
tick 3000
  2: proposes 2:1 closeSession gone /gone
  2 > 1 PROPOSAL 2:1 closeSession gone /gone
  2: disk has 2:1
  1: disk has 2:1
  1 > 2 ACK 2:1
  2: commits 2:1
  2 > 1 COMMIT 2:1
  1: commits 2:1
expect 2 lacks /gone
expect 2 has /back
expect equal
