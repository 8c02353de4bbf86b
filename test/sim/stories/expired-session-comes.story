# A session that has expired is not given back, through whichever server its client comes.
# Source: Apache ZooKeeper, session id 0 in the answer to a connect request says that there is none

cluster 3
  1 follower, serves clients, last 0:0
  2 follower, serves clients, last 0:0
  3 leader, serves clients, last 1:0
session s1 at 1 timeout 4000
create s1 /e ephemeral
settle
  1 > 3 REQUEST createSession of a new session
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
  s1: has its session, 4000 ms
  1 > 3 REQUEST create of s1
  3: proposes 1:2 create /e
  3 > 2 PROPOSAL 1:2 create /e
  3 > 1 PROPOSAL 1:2 create /e
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
  s1: create /e: ok (1:2)
silent s1
drop s1
  s1: disconnected
tick 6000
  3: proposes 1:3 closeSession s1 /e
  3 > 2 PROPOSAL 1:3 closeSession s1 /e
  3 > 1 PROPOSAL 1:3 closeSession s1 /e
  3: disk has 1:3
  2: disk has 1:3
  1: disk has 1:3
  2 > 3 ACK 1:3
  3: commits 1:3
  1 > 3 ACK 1:3
  3 > 2 COMMIT 1:3
  2: commits 1:3
  3 > 1 COMMIT 1:3
  1: commits 1:3
expect 3 lacks /e
move s1 2
settle
  2 > 3 REVALIDATE s1
  3 > 2 REVALIDATE s1 is gone
  s1: has no session
  s1: disconnected
expect equal
