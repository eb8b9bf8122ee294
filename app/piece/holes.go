package piece

import (
	"bytes"
	"errors"
	"os"

	"centralizedp2p/app/disk"
)

// What has only zeros takes no space on the disk: it becomes a hole in the file, as it
// often was one where it came from.

const (
	// holeStep is the grain in which zeros are looked for, in bytes: a multiple of what
	// file systems store together.
	holeStep = 64 << 10
	// leastHole is what is worth a hole at the end of what came, in bytes.
	leastHole = 4 << 10
)

func isZero(b []byte) bool {
	return len(b) == 0 || b[0] == 0 && bytes.Equal(b[1:], b[:len(b)-1])
}

// runs splits b into runs that begin at a multiple of holeStep in b and have only zeros
// or something else in each step, and calls do for each.
func runs(b []byte, do func(run []byte, at int, zero bool) error) error {
	for at := 0; at < len(b); {
		end := min(at+holeStep, len(b))
		zero := isZero(b[at:end])
		for end < len(b) && isZero(b[end:min(end+holeStep, len(b))]) == zero {
			end = min(end+holeStep, len(b))
		}
		if err := do(b[at:end], at, zero); err != nil {
			return err
		}
		at = end
	}
	return nil
}

// put writes b into the file, and leaves holes for zeros. The caller holds p.writing.
func (p *Part) put(b []byte, offset int64) error {
	if p.solid {
		return p.write(b, offset)
	}
	return runs(b, func(run []byte, at int, zero bool) error {
		at64, length := offset+int64(at), int64(len(run))
		if zero && length >= leastHole {
			if done, err := p.hole(at64, length); done || err != nil {
				return err
			}
		}
		return p.write(run, at64)
	})
}

func (p *Part) write(b []byte, offset int64) error {
	n, err := p.out.WriteAt(b, offset)
	p.size = max(p.size, offset+int64(n))
	return err
}

// hole makes a range of the file read as zeros; done is false where the file system
// cannot do so. What an earlier writer left there goes away.
func (p *Part) hole(offset, length int64) (done bool, err error) {
	if !disk.KeepsHoles {
		return false, nil
	}
	if offset < p.size {
		err := disk.PunchHole(p.file, offset, min(length, p.size-offset))
		if errors.Is(err, errors.ErrUnsupported) {
			return false, nil
		}
		if err != nil {
			return false, err
		}
	}
	if end := offset + length; end > p.size {
		if err := p.file.Truncate(end); err != nil {
			return false, err
		}
		p.size = end
	}
	return true, nil
}

// writeSparse writes a new file, with holes for zeros.
func writeSparse(file *os.File, content []byte) error {
	if len(content) < holeStep {
		_, err := file.Write(content)
		return err
	}
	err := runs(content, func(run []byte, at int, zero bool) error {
		if zero {
			return nil
		}
		_, err := file.WriteAt(run, int64(at))
		return err
	})
	if err != nil {
		return err
	}
	return file.Truncate(int64(len(content)))
}
