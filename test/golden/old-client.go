// Connects with a client that, like those of ZooKeeper 3.3, does not put the read-only byte.
package main

import (
	"os"
	"time"

	"github.com/samuel/go-zookeeper/zk"
)

func main() {
	conn, _, err := zk.Connect([]string{os.Args[1]}, 10*time.Second)
	if err != nil {
		panic(err)
	}
	if _, _, err := conn.Exists("/mark/old-client"); err != nil {
		panic(err)
	}
	conn.Close()
}
