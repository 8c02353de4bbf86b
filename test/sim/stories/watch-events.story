# Each server tells its own clients what it commits; an event comes before the answer of any read that shows the change.
# Source: Apache ZooKeeper, consistency guarantees of watches

cluster 3 observers 1
  1 follower, serves clients, last 0:0
  2 follower, serves clients, last 0:0
  3 leader, serves clients, last 1:0
  4 observer, serves clients, last 0:0
session writer at 1
session s2 at 2
session s3 at 3
session s4 at 4
create writer /a
settle
  3: proposes 1:1 createSession a new session
  1 > 3 REQUEST createSession of a new session
  3: proposes 1:2 createSession a new session
  2 > 3 REQUEST createSession of a new session
  3: proposes 1:3 createSession a new session
  3 > 2 PROPOSAL 1:1 createSession a new session
  3 > 1 PROPOSAL 1:1 createSession a new session
  3: disk has 1:1
  4 > 3 REQUEST createSession of a new session
  3: proposes 1:4 createSession a new session
  3 > 2 PROPOSAL 1:2 createSession a new session
  3 > 1 PROPOSAL 1:2 createSession a new session
  3 > 2 PROPOSAL 1:3 createSession a new session
  3 > 1 PROPOSAL 1:3 createSession a new session
  2: disk has 1:1
  1: disk has 1:1
  3: disk has 1:3
  3 > 2 PROPOSAL 1:4 createSession a new session
  3 > 1 PROPOSAL 1:4 createSession a new session
  2 > 3 ACK 1:1
  3: commits 1:1
  s3: has its session, 10000 ms
  2: disk has 1:3
  1 > 3 ACK 1:1
  1: disk has 1:3
  3: disk has 1:4
  3 > 2 COMMIT 1:1
  2: commits 1:1
  3 > 1 COMMIT 1:1
  1: commits 1:1
  3 > 4 INFORM 1:1 createSession s3
  4: commits 1:1
  2 > 3 ACK 1:2
  3: commits 1:2
  2 > 3 ACK 1:3
  3: commits 1:3
  2: disk has 1:4
  1 > 3 ACK 1:2
  1 > 3 ACK 1:3
  1: disk has 1:4
  4: disk has 1:1
  3 > 2 COMMIT 1:2
  2: commits 1:2
  3 > 1 COMMIT 1:2
  1: commits 1:2
  writer: has its session, 10000 ms
  3 > 4 INFORM 1:2 createSession writer
  4: commits 1:2
  3 > 2 COMMIT 1:3
  2: commits 1:3
  s2: has its session, 10000 ms
  3 > 1 COMMIT 1:3
  1: commits 1:3
  3 > 4 INFORM 1:3 createSession s2
  4: commits 1:3
  2 > 3 ACK 1:4
  3: commits 1:4
  1 > 3 ACK 1:4
  1 > 3 REQUEST create of writer
  3: proposes 1:5 create /a
  4: disk has 1:2
  3 > 2 COMMIT 1:4
  2: commits 1:4
  3 > 1 COMMIT 1:4
  1: commits 1:4
  3 > 4 INFORM 1:4 createSession a new session
  4: commits 1:4
  s4: has its session, 10000 ms
  3 > 2 PROPOSAL 1:5 create /a
  3 > 1 PROPOSAL 1:5 create /a
  3: disk has 1:5
  4: disk has 1:3
  2: disk has 1:5
  1: disk has 1:5
  4: disk has 1:4
  2 > 3 ACK 1:5
  3: commits 1:5
  1 > 3 ACK 1:5
  3 > 2 COMMIT 1:5
  2: commits 1:5
  3 > 1 COMMIT 1:5
  1: commits 1:5
  writer: create /a: ok (1:5)
  3 > 4 INFORM 1:5 create /a
  4: commits 1:5
  4: disk has 1:5
watch s2 /
get s3 /a watch
children s4 / watch
settle
  s2: watch /: ok (1:5)
  s3: get /a: ok "/a" (1:5)
  s4: children /: ok [a zookeeper] (1:5)
set writer /a x
create writer /b
delete writer /a
get s2 /b
settle
  s2: get /b: NoNode (1:5)
  1 > 3 REQUEST setData of writer
  3: proposes 1:6 setData /a
  1 > 3 REQUEST create of writer
  3: proposes 1:7 create /b
  1 > 3 REQUEST delete of writer
  3: proposes 1:8 delete /a
  3 > 2 PROPOSAL 1:6 setData /a
  3 > 1 PROPOSAL 1:6 setData /a
  3: disk has 1:6
  3 > 2 PROPOSAL 1:7 create /b
  3 > 1 PROPOSAL 1:7 create /b
  3 > 2 PROPOSAL 1:8 delete /a
  3 > 1 PROPOSAL 1:8 delete /a
  2: disk has 1:6
  1: disk has 1:6
  3: disk has 1:8
  2 > 3 ACK 1:6
  3: commits 1:6
  s3: event DataChanged /a
  2: disk has 1:8
  1 > 3 ACK 1:6
  1: disk has 1:8
  3 > 2 COMMIT 1:6
  2: commits 1:6
  s2: event DataChanged /a
  3 > 1 COMMIT 1:6
  1: commits 1:6
  writer: set /a: ok version 1 (1:6)
  3 > 4 INFORM 1:6 setData /a
  4: commits 1:6
  2 > 3 ACK 1:7
  3: commits 1:7
  2 > 3 ACK 1:8
  3: commits 1:8
  1 > 3 ACK 1:7
  1 > 3 ACK 1:8
  4: disk has 1:6
  3 > 2 COMMIT 1:7
  2: commits 1:7
  s2: event Created /b
  3 > 1 COMMIT 1:7
  1: commits 1:7
  writer: create /b: ok (1:7)
  3 > 4 INFORM 1:7 create /b
  4: commits 1:7
  s4: event ChildrenChanged /
  3 > 2 COMMIT 1:8
  2: commits 1:8
  s2: event Deleted /a
  3 > 1 COMMIT 1:8
  1: commits 1:8
  writer: delete /a: ok (1:8)
  3 > 4 INFORM 1:8 delete /a
  4: commits 1:8
  4: disk has 1:7
  4: disk has 1:8
expect equal
