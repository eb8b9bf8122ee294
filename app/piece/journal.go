package piece

import (
	"bufio"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"path"

	"centralizedp2p/app/disk"
	"centralizedp2p/netproto"
)

// A journal lies beside an unfinished file and lists which of its pieces are on
// the disk:
//
//	"cp2p-journal 1\n" | 32 bytes content hash | u64 size | u32 CRC
//	n × 32 bytes chaining value of the pieces | u32 CRC
//	records: u32 piece | u32 CRC
//
// CRCs are CRC-32C. That of a record also covers the content hash, so that a
// record of another journal does not count. Reading ends at the first damaged
// record.
const journalMagic = "cp2p-journal 1\n"

const (
	journalHeader = len(journalMagic) + 32 + 8 + 4 // bytes
	recordSize    = 4 + 4                          // bytes
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

type journal struct {
	file *os.File
	hash netproto.ContentHash
	// Offsets of the first record and of the next one.
	start, end int64
}

// openJournal opens or creates the journal of a content in dir and returns the
// pieces that it claims. whole is false if it may have claimed more: it is new,
// damaged or of another content, and has to be rewritten.
func openJournal(root *os.Root, dir string, m *Manifest) (j *journal, claimed []uint32, whole bool, err error) {
	file, err := openOwn(root, path.Join(dir, journalName(m.Hash)), os.O_RDWR|os.O_CREATE, 0o600, oneName)
	if err != nil {
		return nil, nil, false, err
	}
	j = &journal{file: file, hash: m.Hash, start: int64(journalHeader + len(m.CVs)*32 + 4)}
	found, claimed, err := readJournal(bufio.NewReader(file))
	if err == nil && found.Hash == m.Hash && found.Size == m.Size {
		j.end = j.start + int64(len(claimed))*recordSize
		info, err := file.Stat()
		return j, claimed, err == nil && info.Size() == j.end, nil
	}
	err = j.begin(m)
	if err == nil {
		err = disk.SyncFolder(root, dir)
	}
	if err != nil {
		file.Close()
		return nil, nil, false, err
	}
	return j, nil, false, nil
}

// ReadPartManifest returns the manifest of an unfinished download in dir, read
// from its journal, so that pieces can be verified before any source answers. It
// returns fs.ErrNotExist if there is none that can be used.
func ReadPartManifest(root *os.Root, dir string, hash netproto.ContentHash) (*Manifest, error) {
	file, err := openOwn(root, path.Join(dir, journalName(hash)), os.O_RDONLY, 0, oneName)
	if errors.Is(err, errNotOurs) {
		return nil, fs.ErrNotExist
	}
	if err != nil {
		return nil, err
	}
	defer file.Close()
	m, _, err := readJournal(bufio.NewReader(file))
	if err != nil || m.Hash != hash {
		return nil, fs.ErrNotExist
	}
	return m, nil
}

func (j *journal) begin(m *Manifest) error {
	b := append([]byte(journalMagic), m.Hash[:]...)
	b = binary.BigEndian.AppendUint64(b, uint64(m.Size))
	b = binary.BigEndian.AppendUint32(b, crc32.Checksum(b, castagnoli))
	cvs := len(b)
	for _, cv := range m.CVs {
		b = append(b, cv[:]...)
	}
	b = binary.BigEndian.AppendUint32(b, crc32.Checksum(b[cvs:], castagnoli))
	if err := j.file.Truncate(0); err != nil {
		return err
	}
	if _, err := j.file.WriteAt(b, 0); err != nil {
		return err
	}
	j.end = int64(len(b))
	return j.file.Sync()
}

// readJournal allocates memory only for as many pieces as the size implies and
// the protocol allows.
func readJournal(r io.Reader) (*Manifest, []uint32, error) {
	damaged := errors.New("the journal is damaged")
	head := make([]byte, journalHeader)
	if _, err := io.ReadFull(r, head); err != nil || string(head[:len(journalMagic)]) != journalMagic {
		return nil, nil, damaged
	}
	body, sum := head[:journalHeader-4], binary.BigEndian.Uint32(head[journalHeader-4:])
	m := &Manifest{Hash: netproto.ContentHash(body[len(journalMagic):])}
	size := binary.BigEndian.Uint64(body[len(body)-8:])
	if crc32.Checksum(body, castagnoli) != sum || size > netproto.MaxContentSize {
		return nil, nil, damaged
	}
	m.Size = int64(size)
	if n := m.Pieces(); n > 1 {
		raw := make([]byte, n*32+4)
		if _, err := io.ReadFull(r, raw); err != nil || crc32.Checksum(raw[:n*32], castagnoli) != binary.BigEndian.Uint32(raw[n*32:]) {
			return nil, nil, damaged
		}
		m.CVs = make([]CV, n)
		for i := range m.CVs {
			m.CVs[i] = CV(raw[i*32:])
		}
	}
	if err := m.Check(); err != nil {
		return nil, nil, err
	}
	return m, readRecords(r, m), nil
}

func readRecords(r io.Reader, m *Manifest) []uint32 {
	var claimed []uint32
	seen := NewBits(m.Pieces())
	var rec [recordSize]byte
	for len(claimed) < m.Pieces() {
		if _, err := io.ReadFull(r, rec[:]); err != nil {
			break
		}
		i := binary.BigEndian.Uint32(rec[:])
		if binary.BigEndian.Uint32(rec[4:]) != recordSum(m.Hash, rec[:4]) || i >= uint32(m.Pieces()) || seen.Has(int(i)) {
			break
		}
		seen.Set(int(i))
		claimed = append(claimed, i)
	}
	return claimed
}

func recordSum(hash netproto.ContentHash, piece []byte) uint32 {
	return crc32.Update(crc32.Checksum(hash[:], castagnoli), castagnoli, piece)
}

// append claims pieces; they are claimed when it returns nil.
func (j *journal) append(pieces []uint32) error {
	b := make([]byte, 0, len(pieces)*recordSize)
	for _, i := range pieces {
		start := len(b)
		b = binary.BigEndian.AppendUint32(b, i)
		b = binary.BigEndian.AppendUint32(b, recordSum(j.hash, b[start:]))
	}
	if _, err := j.file.WriteAt(b, j.end); err != nil {
		return err
	}
	j.end += int64(len(b))
	return j.file.Sync()
}

// rewrite claims these pieces and no others. A kill in the middle may leave claims
// that are no longer true; the next start finds that out.
func (j *journal) rewrite(have Bits) error {
	var pieces []uint32
	for i := range len(have) * 8 {
		if have.Has(i) {
			pieces = append(pieces, uint32(i))
		}
	}
	j.end = j.start
	if err := j.append(pieces); err != nil {
		return err
	}
	if err := j.file.Truncate(j.end); err != nil {
		return err
	}
	return j.file.Sync()
}

func (j *journal) close() { j.file.Close() }
