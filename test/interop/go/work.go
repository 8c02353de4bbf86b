// Real work with go-zookeeper: each check prints "ok NAME" or "not ok NAME: reason".
package main

import (
	"fmt"
	"net"
	"os"
	"reflect"
	"sort"
	"sync"
	"time"

	"github.com/samuel/go-zookeeper/zk"
)

var hosts string
var open = zk.WorldACL(zk.PermAll)

type silent struct{}

func (silent) Printf(string, ...interface{}) {}

func connect() *zk.Conn {
	conn, _, err := zk.Connect([]string{hosts}, 10*time.Second, zk.WithLogger(silent{}))
	must(err)
	return conn
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

func expect(condition bool, what ...interface{}) {
	if !condition {
		panic(fmt.Sprint(what...))
	}
}

func within(what string, events <-chan zk.Event) zk.Event {
	select {
	case event := <-events:
		return event
	case <-time.After(20 * time.Second):
		panic("no event: " + what)
	}
}

func operations() {
	conn := connect()
	defer conn.Close()
	path, err := conn.Create("/go", []byte("one"), 0, open)
	must(err)
	expect(path == "/go", path)
	_, err = conn.Create("/go", nil, 0, open)
	expect(err == zk.ErrNodeExists, err)
	data, stat, err := conn.Get("/go")
	must(err)
	expect(string(data) == "one" && stat.Version == 0 && stat.DataLength == 3, stat)
	stat, err = conn.Set("/go", []byte("two"), 0)
	must(err)
	expect(stat.Version == 1 && stat.Mzxid > stat.Czxid, stat)
	_, err = conn.Set("/go", []byte("three"), 0)
	expect(err == zk.ErrBadVersion, err)
	for n := 0; n < 3; n++ {
		path, err = conn.Create("/go/s-", nil, zk.FlagSequence, open)
		must(err)
		expect(path == fmt.Sprintf("/go/s-%010d", n), path)
	}
	children, stat, err := conn.Children("/go")
	must(err)
	sort.Strings(children)
	expect(reflect.DeepEqual(children, []string{"s-0000000000", "s-0000000001", "s-0000000002"}), children)
	expect(stat.NumChildren == 3 && stat.Cversion == 3, stat)
	expect(conn.Delete("/go", -1) == zk.ErrNotEmpty, "not empty")
	for _, child := range children {
		must(conn.Delete("/go/"+child, 0))
	}
	must(conn.Delete("/go", 1))
	exists, _, err := conn.Exists("/go")
	must(err)
	expect(!exists, "deleted")
	_, _, err = conn.Get("/go")
	expect(err == zk.ErrNoNode, err)
	path, err = conn.Sync("/")
	must(err)
	expect(path == "/", path)
}

func ephemerals() {
	owner, other := connect(), connect()
	defer other.Close()
	_, err := owner.Create("/go-ephemeral", nil, zk.FlagEphemeral, open)
	must(err)
	exists, stat, events, err := other.ExistsW("/go-ephemeral")
	must(err)
	expect(exists && stat.EphemeralOwner == owner.SessionID(), stat)
	owner.Close()
	expect(within("deletion", events).Type == zk.EventNodeDeleted, "deleted")
	protected, err := other.CreateProtectedEphemeralSequential("/go-p-", nil, open)
	must(err)
	expect(len(protected) > 40, protected)
}

func watches() {
	conn, writer := connect(), connect()
	defer conn.Close()
	defer writer.Close()
	_, _, created, err := conn.ExistsW("/go-watched")
	must(err)
	_, err = writer.Create("/go-watched", []byte("0"), 0, open)
	must(err)
	expect(within("creation", created).Type == zk.EventNodeCreated, "created")
	_, _, changed, err := conn.GetW("/go-watched")
	must(err)
	_, err = writer.Set("/go-watched", []byte("1"), -1)
	must(err)
	event := within("change", changed)
	expect(event.Type == zk.EventNodeDataChanged && event.Path == "/go-watched", event)
	_, _, children, err := conn.ChildrenW("/go-watched")
	must(err)
	_, err = writer.Create("/go-watched/a", nil, 0, open)
	must(err)
	expect(within("child", children).Type == zk.EventNodeChildrenChanged, "child")
}

func transactions() {
	conn := connect()
	defer conn.Close()
	results, err := conn.Multi(
		&zk.CreateRequest{Path: "/go-multi", Data: []byte("0"), Acl: open},
		&zk.CheckVersionRequest{Path: "/go-multi", Version: 0},
		&zk.SetDataRequest{Path: "/go-multi", Data: []byte("1"), Version: 0},
		&zk.CreateRequest{Path: "/go-multi/a", Acl: open},
		&zk.DeleteRequest{Path: "/go-multi/a", Version: -1})
	must(err)
	expect(len(results) == 5 && results[0].String == "/go-multi" && results[2].Stat.Version == 1, results)
	_, err = conn.Multi(
		&zk.SetDataRequest{Path: "/go-multi", Data: []byte("2"), Version: -1},
		&zk.DeleteRequest{Path: "/go-multi/none", Version: -1})
	expect(err == zk.ErrNoNode, err)
	data, _, err := conn.Get("/go-multi")
	must(err)
	expect(string(data) == "1", string(data))
}

func permissions() {
	alice, bob := connect(), connect()
	defer alice.Close()
	defer bob.Close()
	must(alice.AddAuth("digest", []byte("alice:secret")))
	acl := zk.DigestACL(zk.PermAll, "alice", "secret")
	_, err := alice.Create("/go-private", []byte("x"), 0, acl)
	must(err)
	_, _, err = bob.Get("/go-private")
	expect(err == zk.ErrNoAuth, err)
	_, err = bob.Set("/go-private", nil, -1)
	expect(err == zk.ErrNoAuth, err)
	shown, _, err := alice.GetACL("/go-private")
	must(err)
	expect(reflect.DeepEqual(shown, acl), shown)
	_, err = alice.SetACL("/go-private", open, 0)
	must(err)
	_, _, err = bob.Get("/go-private")
	must(err)
}

func locks() {
	total, inside := 0, 0
	var threads sync.WaitGroup
	for n := 0; n < 5; n++ {
		threads.Add(1)
		go func() {
			defer threads.Done()
			conn := connect()
			defer conn.Close()
			lock := zk.NewLock(conn, "/go-lock", open)
			for n := 0; n < 10; n++ {
				must(lock.Lock())
				inside++
				expect(inside == 1, "alone")
				value := total
				time.Sleep(time.Millisecond)
				total = value + 1
				inside--
				must(lock.Unlock())
			}
		}()
	}
	threads.Wait()
	expect(total == 50, total)
}

// The connection breaks, the session goes on, and the watch with it.
func reconnects() {
	var sockets []net.Conn
	var mutex sync.Mutex
	dialer := func(network, address string, timeout time.Duration) (net.Conn, error) {
		socket, err := net.DialTimeout(network, address, timeout)
		mutex.Lock()
		sockets = append(sockets, socket)
		mutex.Unlock()
		return socket, err
	}
	conn, events, err := zk.Connect([]string{hosts}, 10*time.Second, zk.WithDialer(dialer), zk.WithLogger(silent{}))
	must(err)
	defer conn.Close()
	_, err = conn.Create("/go-reconnect", nil, zk.FlagEphemeral, open)
	must(err)
	session := conn.SessionID()
	_, _, changed, err := conn.GetW("/go-reconnect")
	must(err)
	mutex.Lock()
	sockets[0].Close()
	mutex.Unlock()
	sessions := 0
	for sessions < 2 {
		if within("a session", events).State == zk.StateHasSession {
			sessions++
		}
	}
	expect(conn.SessionID() == session, "the same session")
	writer := connect()
	defer writer.Close()
	_, err = writer.Set("/go-reconnect", []byte("x"), -1)
	must(err)
	expect(within("change", changed).Type == zk.EventNodeDataChanged, "the watch")
}

func fourLetterWords() {
	expect(zk.FLWRuok([]string{hosts}, 5*time.Second)[0], "ruok")
}

func check(name string, work func()) {
	defer func() {
		if reason := recover(); reason != nil {
			fmt.Printf("not ok %s: %v\n", name, reason)
		} else {
			fmt.Println("ok " + name)
		}
	}()
	work()
}

func main() {
	hosts = os.Args[1]
	check("operations", operations)
	check("ephemerals", ephemerals)
	check("watches", watches)
	check("transactions", transactions)
	check("permissions", permissions)
	check("locks", locks)
	check("reconnects", reconnects)
	check("fourLetterWords", fourLetterWords)
}
