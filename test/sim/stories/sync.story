# sync brings a server that lags up to what was committed when it was asked.
# Source: Apache ZooKeeper, SYNC is answered behind the commits that were under way

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
hold 3 > 1
create s2 /a
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
# Server 1 has not heard of /a, and says so. A sync waits.
exists s1 /a
settle
  s1: exists /a: NoNode (1:2)
sync s1 /
exists s1 /a
settle
  1 > 3 REQUEST sync of s1
release 3 > 1
settle
  3 > 1 PROPOSAL 1:3 create /a
  3 > 1 COMMIT 1:3
  1: commits 1:3
  3 > 1 SYNC
  s1: sync /: ok (1:3)
  s1: exists /a: ok (1:3)
  1: disk has 1:3
  1 > 3 ACK 1:3
