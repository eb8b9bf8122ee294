package ignore

import (
	"bytes"
	"crypto/ed25519"
	"crypto/x509"
	"encoding/binary"
	"encoding/pem"
	"io"
	"slices"
	"strings"
)

// Kind is what the bytes of a file are, as far as sharing it is concerned.
type Kind int

// The kinds.
const (
	Ordinary Kind = iota
	SecretKind
	OwnKind // a key or a database of this program: never shared, whatever its name
)

// Markers of the folders of this program: the key and the database of a profile, and
// those of a tracker.
var markers = [][2]string{{"peer.key", "library.db"}, {"tracker.key", "tracker.db"}}

// OwnFolder reports whether a folder is a profile or the data of a tracker; has tells
// whether the folder has a file of that name.
func OwnFolder(has func(name string) bool) bool {
	for _, m := range markers {
		if has(m[0]) && has(m[1]) {
			return true
		}
	}
	return false
}

var ownNames = set("peer.key", "library.db", "lock", "holder", "trackers.json", "controllers.json", "peers.json", "uploads.json", "folders", "downloads",
	"tracker", "desktop.log", "desktop.sock", "peer.sock", "tracker.key", "tracker.db", "control.sock", "control")

// ownPrefixes begin the names of what is being written, and of what was set aside.
var ownPrefixes = []string{".tracker-", ".backup-", ".key-", "tracker.db", "library.db", "desktop.log"}

// OwnName reports whether the program itself gives that name to something right in a
// profile or in the data of a tracker; with ".new" while it is being written.
func OwnName(name string) bool {
	name = strings.TrimSuffix(strings.ToLower(name), ".new")
	if _, ok := ownNames[name]; ok {
		return true
	}
	return slices.ContainsFunc(ownPrefixes, func(prefix string) bool { return strings.HasPrefix(name, prefix) })
}

// inspectBytes bounds what is read of a file to tell its kind. The keys of this
// program have 119 bytes; those of others come with a few lines of comment at most.
const inspectBytes = 4096

// Inspect tells the kind of a file from its first bytes, and of a database from the
// names of its tables. It fails only if the file cannot be read.
func Inspect(r io.ReaderAt, size int64) (Kind, error) {
	head := make([]byte, min(size, inspectBytes))
	if n, err := r.ReadAt(head, 0); err != nil && (err != io.EOF || n < len(head)) {
		return Ordinary, err
	}
	return kindOf(head, r, size), nil
}

// InspectBytes is Inspect of a file that was read.
func InspectBytes(content []byte) Kind {
	head := content[:min(len(content), inspectBytes)]
	if !isMeta(head) { // which saves a reader for each of a million
		return kindOf(head, nil, int64(len(content)))
	}
	return kindOf(head, bytes.NewReader(content), int64(len(content)))
}

func kindOf(head []byte, r io.ReaderAt, size int64) Kind {
	switch {
	case isOwnKey(head):
		return OwnKind
	case isPrivateKey(head):
		return SecretKind
	case isOwnDatabase(r, size, head):
		return OwnKind
	}
	return Ordinary
}

// isOwnKey recognises what the program writes as its key: an ed25519 key in PKCS #8.
func isOwnKey(head []byte) bool {
	if isOwnDER(head) { // the same without its text
		return true
	}
	for rest := head; bytes.Contains(rest, []byte("PRIVATE KEY-----")); {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			return false
		}
		if isOwnDER(block.Bytes) {
			return true
		}
	}
	return false
}

func isOwnDER(der []byte) bool {
	if !isSequence(der) {
		return false
	}
	key, err := x509.ParsePKCS8PrivateKey(der)
	_, ok := key.(ed25519.PrivateKey)
	return ok && err == nil
}

// isSequence reports whether bytes begin as all keys in DER do. It saves looking further
// at nearly every other file.
func isSequence(der []byte) bool { return len(der) > 0 && der[0] == 0x30 }

// isDER recognises other private keys without their text.
func isDER(head []byte) bool {
	if !isSequence(head) {
		return false
	}
	if _, err := x509.ParsePKCS8PrivateKey(head); err == nil {
		return true
	}
	if _, err := x509.ParsePKCS1PrivateKey(head); err == nil {
		return true
	}
	_, err := x509.ParseECPrivateKey(head)
	return err == nil
}

var keyBeginnings = [][]byte{
	[]byte("AGE-SECRET-KEY-1"), []byte("PuTTY-User-Key-File-"),
	{0x03, 0xd9, 0xa2, 0x9a}, // KeePass
	{0xfe, 0xed, 0xfe, 0xed}, // a Java keystore
}

// isPrivateKey recognises private keys of all kinds and stores of passwords.
func isPrivateKey(head []byte) bool {
	for _, beginning := range keyBeginnings {
		if bytes.HasPrefix(head, beginning) {
			return true
		}
	}
	if isDER(head) {
		return true
	}
	peer := false // of WireGuard
	for line := range bytes.Lines(head) {
		line = bytes.TrimSpace(line)
		if bytes.HasPrefix(line, []byte("-----BEGIN ")) && bytes.Contains(line, []byte("PRIVATE KEY")) || bytes.HasPrefix(line, keyBeginnings[0]) ||
			bytes.HasPrefix(line, []byte("aws_secret_access_key")) || peer && bytes.HasPrefix(line, []byte("PrivateKey")) {
			return true
		}
		peer = peer || bytes.Equal(line, []byte("[Interface]"))
	}
	return false
}

// The layout of a bbolt file, as far as it is needed: two pages that say where the
// table of contents is, each with this header of 16 bytes first.
const (
	pageHeader = 16 // bytes: u64 id | u16 flags | u16 count | u32 overflow
	boltMagic  = 0xED0CDAED
	leafPage   = 0x02
	leafEntry  = 16 // bytes: u32 flags | u32 offset of the key | u32 its length | u32 length of the value
	maxTables  = 64 // of a database of this program; others may have more
)

// ownTables are names of tables that no other program's database has together.
var ownTables = [][]string{{"trackers", "shares", "manifests"}, {"peers", "res", "own"}}

// isOwnDatabase recognises a library and the database of a tracker. One that is cut
// short counts as one.
func isOwnDatabase(r io.ReaderAt, size int64, head []byte) bool {
	if !isMeta(head) {
		return false
	}
	pageSize := int64(binary.LittleEndian.Uint32(head[pageHeader+8:]))
	if pageSize < 512 || pageSize > 1<<20 {
		return false
	}
	page := make([]byte, pageSize)
	for _, at := range []int64{0, pageSize} {
		if n, _ := r.ReadAt(page, at); n < len(page) || !isMeta(page) {
			continue
		}
		root := binary.LittleEndian.Uint64(page[pageHeader+16:])
		if root >= uint64(size/pageSize) {
			return true
		}
		if n, _ := r.ReadAt(page, int64(root)*pageSize); n == len(page) && hasOwnTables(page) {
			return true
		}
	}
	return false
}

func isMeta(page []byte) bool {
	return len(page) >= pageHeader+64 && binary.LittleEndian.Uint32(page[pageHeader:]) == boltMagic
}

func hasOwnTables(page []byte) bool {
	if binary.LittleEndian.Uint16(page[8:])&leafPage == 0 {
		return false
	}
	names := map[string]bool{}
	for i := range min(int(binary.LittleEndian.Uint16(page[10:])), maxTables) {
		at := pageHeader + i*leafEntry
		if at+leafEntry > len(page) {
			break
		}
		from := int64(at) + int64(binary.LittleEndian.Uint32(page[at+4:]))
		to := from + int64(binary.LittleEndian.Uint32(page[at+8:]))
		if from <= to && to <= int64(len(page)) {
			names[string(page[from:to])] = true
		}
	}
	for _, tables := range ownTables {
		all := true
		for _, name := range tables {
			all = all && names[name]
		}
		if all {
			return true
		}
	}
	return false
}
