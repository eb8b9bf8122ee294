// Package porttest gives tests ports that nobody takes from them. Only tests use it.
package porttest

import (
	"fmt"
	"math/rand/v2"
	"net"
	"testing"
)

// Those that systems give to programs that ask for any port begin at 32768, or above.
const lowest, highest = 10_000, 32_767

// Free returns a port that is free for TCP and UDP on all addresses. It stays free while a
// test closes and opens it again, because a system gives it to nobody by itself.
func Free(t testing.TB) int {
	t.Helper()
	for range 100 {
		port := lowest + rand.IntN(highest-lowest+1)
		if isFree(fmt.Sprintf(":%d", port)) {
			return port
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
