# The leader alone ends sessions that are silent; those that followers hear from live on by what followers tell it.
# Source: Apache ZooKeeper, Learner.ping: learners tell whom they have heard from in their answers to PING

cluster 3
  1 follower, serves clients, last 0:0
  2 follower, serves clients, last 0:0
  3 leader, serves clients, last 1:0
session quiet at 1 timeout 4000
session lively at 2 timeout 4000
create quiet /quiet ephemeral
create lively /lively ephemeral
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
  quiet: has its session, 4000 ms
  2 > 3 ACK 1:2
  3: commits 1:2
  1 > 3 ACK 1:2
  1 > 3 REQUEST create of quiet
  3: proposes 1:3 create /quiet
  3 > 2 COMMIT 1:2
  2: commits 1:2
  lively: has its session, 4000 ms
  3 > 1 COMMIT 1:2
  1: commits 1:2
  3 > 2 PROPOSAL 1:3 create /quiet
  3 > 1 PROPOSAL 1:3 create /quiet
  3: disk has 1:3
  2 > 3 REQUEST create of lively
  3: proposes 1:4 create /lively
  2: disk has 1:3
  1: disk has 1:3
  3 > 2 PROPOSAL 1:4 create /lively
  3 > 1 PROPOSAL 1:4 create /lively
  3: disk has 1:4
  2 > 3 ACK 1:3
  3: commits 1:3
  1 > 3 ACK 1:3
  2: disk has 1:4
  1: disk has 1:4
  3 > 2 COMMIT 1:3
  2: commits 1:3
  3 > 1 COMMIT 1:3
  1: commits 1:3
  quiet: create /quiet: ok (1:3)
  2 > 3 ACK 1:4
  3: commits 1:4
  1 > 3 ACK 1:4
  3 > 2 COMMIT 1:4
  2: commits 1:4
  lively: create /lively: ok (1:4)
  3 > 1 COMMIT 1:4
  1: commits 1:4
show pings
tick 2000
  3 > 2 PING
  3 > 1 PING
  2 > 3 PING
  1 > 3 PING
  3 > 2 PING
  3 > 1 PING
  2 > 3 PING
  1 > 3 PING
  3 > 2 PING
  3 > 1 PING
  2 > 3 PING lively
  1 > 3 PING quiet
  3 > 2 PING
  3 > 1 PING
  2 > 3 PING
  1 > 3 PING
hide pings
silent quiet
tick 8000
  3: proposes 1:5 closeSession quiet /quiet
  3 > 2 PROPOSAL 1:5 closeSession quiet /quiet
  3 > 1 PROPOSAL 1:5 closeSession quiet /quiet
  3: disk has 1:5
  2: disk has 1:5
  1: disk has 1:5
  2 > 3 ACK 1:5
  3: commits 1:5
  1 > 3 ACK 1:5
  3 > 2 COMMIT 1:5
  2: commits 1:5
  3 > 1 COMMIT 1:5
  1: commits 1:5
  quiet: disconnected
expect 3 lacks /quiet
expect 3 has /lively
expect equal
