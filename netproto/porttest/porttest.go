// Package porttest gives tests ports that nobody takes from them. Only tests use it.
package porttest

import (
	"fmt"
	"net"
	"os"
	"sync/atomic"
	"testing"
)

// Those that systems give to programs that ask for any port begin at 32768, or above.
const lowest, ports = 10_000, 32_768 - 10_000

// next counts the ports that were given. Each process begins elsewhere.
var next atomic.Int64

// Free returns a port that is free for TCP and UDP on all addresses, and another one each
// time. It stays free while a test closes and opens it again, because a system gives it to
// nobody by itself.
func Free(t testing.TB) int {
	t.Helper()
	for range ports {
		port := lowest + (int64(os.Getpid())*7919+next.Add(1))%ports
		if isFree(fmt.Sprintf(":%d", port)) {
			return int(port)
		}
	}
	t.Fatal("no port is free")
	return 0
}

// Address is such a port of this computer's loopback interface.
func Address(t testing.TB) string {
	t.Helper()
	return fmt.Sprintf("127.0.0.1:%d", Free(t))
}

func isFree(address string) bool {
	tcp, err := net.Listen("tcp", address)
	if err != nil {
		return false
	}
	defer tcp.Close()
	udp, err := net.ListenPacket("udp", address)
	if err != nil {
		return false
	}
	udp.Close()
	return true
}
