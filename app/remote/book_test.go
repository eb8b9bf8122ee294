package remote

import (
	"path/filepath"
	"testing"

	"centralizedp2p/app/ignore"
)

func TestWhatIsWrittenIntoAProfileIsNeverShared(t *testing.T) {
	for _, name := range []string{fileControllers, fileControllers + ".new", filePeers, fileUploads, filepath.Base(Socket("profile"))} {
		if !ignore.OwnName(name) {
			t.Errorf("%s would be shared with the folder that it lies in", name)
		}
	}
}
