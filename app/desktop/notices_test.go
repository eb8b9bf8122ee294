//go:build !darwin || cgo

package desktop

import (
	"strings"
	"testing"

	"centralizedp2p/app/face"
	"centralizedp2p/netproto"
)

func TestAPartOfThePeerThatStoppedIsSaidBeforeAllElse(t *testing.T) {
	lost := face.Status{Connection: face.ConnectionReconnecting, RetrySeconds: 5}
	stopped := lost
	stopped.Stopped = face.Failure{Code: netproto.CodeInternal, Detail: "the shares: it ended"}
	if text := bannerWords(stopped); !strings.Contains(text, "start it again") || strings.Contains(text, "the shares: it ended") {
		t.Errorf("the banner says %q", text)
	}
	if text := bannerWords(lost); !strings.Contains(text, "Trying again") {
		t.Errorf("the banner says %q", text)
	}
}
