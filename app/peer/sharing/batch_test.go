package sharing

import (
	"testing"
	"time"
)

func TestBatchesAreLargerWhereHashingIsFast(t *testing.T) {
	most := batchFiles
	for range 10 {
		most = nextBatch(most, time.Millisecond)
	}
	if most != mostBatchFiles {
		t.Errorf("the largest batch has %d files", most)
	}
	for range 10 {
		most = nextBatch(most, time.Second)
	}
	if most != batchFiles {
		t.Errorf("the smallest batch may have %d files", most)
	}
}
