package piece

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"io/fs"
	"os"

	"centralizedp2p/netproto"
)

// A journal stands beside an unfinished file and says which of its pieces are
// on the disk:
//
//	"cp2p-journal 1\n" | 32 bytes content hash | u64 size | u32 CRC
//	n × 32 bytes chaining value of the pieces | u32 CRC
//	records: u32 piece | u32 CRC
//
// CRCs are CRC-32C, of a record with the content hash before it, so that a
// record of another journal does not count. A torn record ends the reading.
const journalMagic = "cp2p-journal 1\n"

const journalHeader = len(journalMagic) + 32 + 8 + 4

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

type journal struct {
	file *os.File
	hash netproto.ContentHash
	end  int64 // where the next record goes
}

// openJournal opens or makes the journal of a content and gives the pieces
// that it claims. One that is damaged or of another content begins anew.
func openJournal(root *os.Root, name string, m *Manifest) (*journal, []uint32, error) {
	file, err := root.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, nil, err
	}
	j := &journal{file: file, hash: m.Hash}
	found, claimed, err := readJournal(file)
	if err == nil && found.Hash == m.Hash && found.Size == m.Size {
		j.end = journalStart(m) + int64(len(claimed))*8
		return j, claimed, nil
	}
	if err := j.begin(m); err != nil {
		file.Close()
		return nil, nil, err
	}
	return j, nil, nil
}

// ReadPartManifest is the manifest of an unfinished download in dir, from its
// journal: what there is to verify before any source answers. It returns
// fs.ErrNotExist where there is none that can be used.
func ReadPartManifest(root *os.Root, dir string, hash netproto.ContentHash) (*Manifest, error) {
	file, err := root.Open(dir + "/" + journalName(hash))
	if err != nil {
		return nil, err
	}
	defer file.Close()
	m, _, err := readJournal(file)
	if err != nil || m.Hash != hash {
		return nil, fs.ErrNotExist
	}
	return m, nil
}

func journalStart(m *Manifest) int64 { return int64(journalHeader + len(m.CVs)*32 + 4) }

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

// readJournal takes memory only for as many pieces as the size says and the
// limits of the protocol allow.
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
	var rec [8]byte
	for len(claimed) < m.Pieces() {
		if _, err := io.ReadFull(r, rec[:]); err != nil {
			break
		}
		i := binary.BigEndian.Uint32(rec[:])
		if binary.BigEndian.Uint32(rec[4:]) != recordSum(m.Hash, rec[:4]) || int(i) >= m.Pieces() || seen.Has(int(i)) {
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
	b := make([]byte, 0, len(pieces)*8)
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

func (j *journal) close() { j.file.Close() }
