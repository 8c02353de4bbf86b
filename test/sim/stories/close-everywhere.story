# A session that closes takes its ephemeral nodes with it everywhere, and whoever watches them is told before the answer.
# Source: Apache ZooKeeper, closeSession deletes ephemeral nodes one by one, each with its events

cluster 3 observers 1
  1 follower, serves clients, last 0:0
  2 follower, serves clients, last 0:0
  3 leader, serves clients, last 1:0
  4 observer, serves clients, last 0:0
session s1 at 1
session s2 at 2
session s4 at 4
create s1 /e1 ephemeral
create s1 /e2 ephemeral
settle
  1 > 3 REQUEST createSession of a new session
  3: proposes 1:1 createSession a new session
  2 > 3 REQUEST createSession of a new session
  3: proposes 1:2 createSession a new session
  4 > 3 REQUEST createSession of a new session
  3: proposes 1:3 createSession a new session
  3 > 2 PROPOSAL 1:1 createSession a new session
  3 > 1 PROPOSAL 1:1 createSession a new session
  3: disk has 1:1
  3 > 2 PROPOSAL 1:2 createSession a new session
  3 > 1 PROPOSAL 1:2 createSession a new session
  3 > 2 PROPOSAL 1:3 createSession a new session
  3 > 1 PROPOSAL 1:3 createSession a new session
  2: disk has 1:1
  1: disk has 1:1
  3: disk has 1:3
  2 > 3 ACK 1:1
  3: commits 1:1
  2: disk has 1:3
  1 > 3 ACK 1:1
  1: disk has 1:3
  3 > 2 COMMIT 1:1
  2: commits 1:1
  3 > 1 COMMIT 1:1
  1: commits 1:1
  s1: has its session, 10000 ms
  3 > 4 INFORM 1:1 createSession s1
  4: commits 1:1
  2 > 3 ACK 1:2
  3: commits 1:2
  2 > 3 ACK 1:3
  3: commits 1:3
  1 > 3 ACK 1:2
  1 > 3 ACK 1:3
  1 > 3 REQUEST create of s1
  3: proposes 1:4 create /e1
  1 > 3 REQUEST create of s1
  3: proposes 1:5 create /e2
  4: disk has 1:1
  3 > 2 COMMIT 1:2
  2: commits 1:2
  s2: has its session, 10000 ms
  3 > 1 COMMIT 1:2
  1: commits 1:2
  3 > 4 INFORM 1:2 createSession s2
  4: commits 1:2
  3 > 2 COMMIT 1:3
  2: commits 1:3
  3 > 1 COMMIT 1:3
  1: commits 1:3
  3 > 4 INFORM 1:3 createSession a new session
  4: commits 1:3
  s4: has its session, 10000 ms
  3 > 2 PROPOSAL 1:4 create /e1
  3 > 1 PROPOSAL 1:4 create /e1
  3: disk has 1:4
  3 > 2 PROPOSAL 1:5 create /e2
  3 > 1 PROPOSAL 1:5 create /e2
  4: disk has 1:2
  2: disk has 1:4
  1: disk has 1:4
  3: disk has 1:5
  4: disk has 1:3
  2 > 3 ACK 1:4
  3: commits 1:4
  2: disk has 1:5
  1 > 3 ACK 1:4
  1: disk has 1:5
  3 > 2 COMMIT 1:4
  2: commits 1:4
  3 > 1 COMMIT 1:4
  1: commits 1:4
  s1: create /e1: ok (1:4)
  3 > 4 INFORM 1:4 create /e1
  4: commits 1:4
  2 > 3 ACK 1:5
  3: commits 1:5
  1 > 3 ACK 1:5
  4: disk has 1:4
  3 > 2 COMMIT 1:5
  2: commits 1:5
  3 > 1 COMMIT 1:5
  1: commits 1:5
  s1: create /e2: ok (1:5)
  3 > 4 INFORM 1:5 create /e2
  4: commits 1:5
  4: disk has 1:5
exists s2 /e1 watch
children s4 / watch
settle
  s2: exists /e1: ok (1:5)
  s4: children /: ok [e2 e1 zookeeper] (1:5)
close s1
settle
  1 > 3 REQUEST closeSession of s1
  3: proposes 1:6 closeSession s1 /e1 /e2
  3 > 2 PROPOSAL 1:6 closeSession s1 /e1 /e2
  3 > 1 PROPOSAL 1:6 closeSession s1 /e1 /e2
  3: disk has 1:6
  2: disk has 1:6
  1: disk has 1:6
  2 > 3 ACK 1:6
  3: commits 1:6
  1 > 3 ACK 1:6
  3 > 2 COMMIT 1:6
  2: commits 1:6
  s2: event Deleted /e1
  3 > 1 COMMIT 1:6
  1: commits 1:6
  s1: close: ok (1:6)
  s1: disconnected
  3 > 4 INFORM 1:6 closeSession s1 /e1 /e2
  4: commits 1:6
  s4: event ChildrenChanged /
  4: disk has 1:6
expect 4 lacks /e1 /e2
sessions 3
  s2
  s4
expect equal
