package sealed

import (
	"bytes"
	"encoding/hex"
	"errors"
	"testing"
)

// golden is what libraries have held since their schema 2.
const golden = "5e9dd45a7b226964223a2231227d"

func TestARecordIsTheSameInEveryVersion(t *testing.T) {
	if got := hex.EncodeToString(Append(nil, []byte("shares"), []byte("1"), []byte(`{"id":"1"}`))); got != golden {
		t.Errorf("it is %s", got)
	}
}

// Whatever one bit is wrong, and wherever else a record is found, nothing comes of it.
func FuzzOpen(f *testing.F) {
	f.Add([]byte("res"), []byte("key"), []byte("value"), uint(3))
	f.Add([]byte{}, []byte{}, []byte{}, uint(40))
	f.Fuzz(func(t *testing.T, bucket, key, value []byte, at uint) {
		record := Append(nil, bucket, key, value)
		if got, err := Open(bucket, key, record); err != nil || !bytes.Equal(got, value) {
			t.Fatalf("%x, %v", got, err)
		}
		if got, err := Open(bucket, append(bytes.Clone(key), 'x'), record); !errors.Is(err, ErrDamaged) || got != nil {
			t.Errorf("under another key: %x, %v", got, err)
		}
		if _, err := Open(key, bucket, record); !errors.Is(err, ErrDamaged) && !bytes.Equal(key, bucket) {
			t.Errorf("in another bucket: %v", err)
		}
		wrong := bytes.Clone(record)
		wrong[at/8%uint(len(wrong))] ^= 1 << (at % 8)
		if got, err := Open(bucket, key, wrong); !errors.Is(err, ErrDamaged) || got != nil {
			t.Errorf("with a wrong bit: %x, %v", got, err)
		}
		for n := range min(len(record), 16) {
			if _, err := Open(bucket, key, record[:n]); !errors.Is(err, ErrDamaged) {
				t.Errorf("cut to %d bytes: %v", n, err)
			}
		}
		_, _ = Open(bucket, key, value) // any bytes: it says what it says
	})
}
