# A sync that finds a proposal under way is answered when that is committed.
# Source: Apache ZooKeeper, Leader.processSync

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
slow-disk 1
slow-disk 2
create s2 /a
until 3: proposes
  2 > 3 REQUEST create of s2
  3: proposes 1:3 create /a
sync s1 /
exists s1 /a
settle
  3 > 2 PROPOSAL 1:3 create /a
  3 > 1 PROPOSAL 1:3 create /a
  3: disk has 1:3
  1 > 3 REQUEST sync of s1
fast-disk 2
settle
  2: disk has 1:3
  2 > 3 ACK 1:3
  3: commits 1:3
  3 > 2 COMMIT 1:3
  2: commits 1:3
  s2: create /a: ok (1:3)
  3 > 1 COMMIT 1:3
  1: commits 1:3
  3 > 1 SYNC
  s1: sync /: ok (1:3)
  s1: exists /a: ok (1:3)
fast-disk 1
settle
  1: disk has 1:3
  1 > 3 ACK 1:3
expect equal
