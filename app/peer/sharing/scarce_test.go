package sharing

import (
	"context"
	"errors"
	"io/fs"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"centralizedp2p/netproto"
)

func TestAFileIsOpenedAgainWhileDescriptorsAreScarce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began, tries, told := time.Now(), 0, 0
		err := patiently(t.Context(), func(error) { told++ }, func() error {
			if tries++; tries <= 100 {
				return netproto.Errorf(netproto.CodeFileUnreadable, "%w", syscall.EMFILE)
			}
			return fs.ErrPermission
		})
		if !errors.Is(err, fs.ErrPermission) || tries != 101 || told != 100 {
			t.Errorf("after %d tries it says %v", tries, err)
		}
		if took := time.Since(began); took != 100*scarcePause {
			t.Errorf("it took %s", took)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if err := patiently(ctx, nil, func() error { return syscall.ENFILE }); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("at the end of the program it says %v", err)
		}
	})
}
