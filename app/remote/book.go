package remote

import (
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"centralizedp2p/netproto"
	"centralizedp2p/netproto/durable"
)

// The files of a profile in which paired keys are remembered.
const (
	fileControllers = "controllers.json" // who may drive this peer
	filePeers       = "peers.json"       // the peers that are driven from here
)

const (
	maxPaired = 256     // in one book
	maxBook   = 1 << 20 // bytes
	maxName   = 64      // bytes of a name
	filePerm  = 0o600
)

// Paired is a program that this one was paired with.
type Paired struct {
	Key     netproto.Fingerprint `json:"key"`
	Name    string               `json:"name"`
	Address string               `json:"address,omitempty"` // host:port, where a driven peer answers
	Since   time.Time            `json:"since"`
}

// Book remembers what this program was paired with.
type Book struct {
	file string

	mu   sync.Mutex
	list []Paired
}

// Controllers opens the book of those who may drive the peer with that profile.
func Controllers(profile string) (*Book, error) {
	return openBook(filepath.Join(profile, fileControllers))
}

// Peers opens the book of the peers that are driven from a profile.
func Peers(profile string) (*Book, error) { return openBook(filepath.Join(profile, filePeers)) }

func openBook(file string) (*Book, error) {
	b := &Book{file: file}
	return b, b.Reload()
}

// Reload reads the file again; "store-unusable" if it cannot be read, and then the book
// stays as it was.
func (b *Book) Reload() error {
	f, err := os.Open(b.file)
	if errors.Is(err, fs.ErrNotExist) {
		b.set(nil)
		return nil
	}
	if err != nil {
		return netproto.Errorf(netproto.CodeStore, "%w", err)
	}
	defer f.Close()
	raw, err := io.ReadAll(io.LimitReader(f, maxBook+1))
	if err != nil {
		return netproto.Errorf(netproto.CodeStore, "%w", err)
	}
	var list []Paired
	if err := json.Unmarshal(raw, &list); err != nil || len(list) > maxPaired {
		return netproto.Errorf(netproto.CodeStore, "%s is damaged: move it away, and pair again", b.file)
	}
	b.set(list)
	return nil
}

func (b *Book) set(list []Paired) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.list = list
}

// List returns the entries, the oldest first.
func (b *Book) List() []Paired {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.list)
}

// Has reports whether a key is in the book.
func (b *Book) Has(key netproto.Fingerprint) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.ContainsFunc(b.list, func(p Paired) bool { return p.Key == key })
}

// Add adds an entry, or replaces the one with its key.
func (b *Book) Add(p Paired) error {
	p.Name = shortName(p.Name)
	return b.change(func(list []Paired) ([]Paired, error) {
		list = without(list, p.Key)
		if len(list) >= maxPaired {
			return nil, netproto.Errorf(netproto.CodeFull, "at most %d are paired at a time: remove one first", maxPaired)
		}
		return append(list, p), nil
	})
}

// Remove removes the entry with a key; "not-found" if there is none.
func (b *Book) Remove(key netproto.Fingerprint) error {
	return b.change(func(list []Paired) ([]Paired, error) {
		left := without(list, key)
		if len(left) == len(list) {
			return nil, netproto.Errorf(netproto.CodeNotFound, "%s is not paired", key)
		}
		return left, nil
	})
}

func without(list []Paired, key netproto.Fingerprint) []Paired {
	return slices.DeleteFunc(slices.Clone(list), func(p Paired) bool { return p.Key == key })
}

// change changes the list on the disk, and then here.
func (b *Book) change(how func([]Paired) ([]Paired, error)) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	list, err := how(b.list)
	if err != nil {
		return err
	}
	raw, err := json.MarshalIndent(list, "", "\t")
	if err == nil {
		err = durable.Replace(b.file, append(raw, '\n'), filePerm)
	}
	if err != nil {
		return netproto.Errorf(netproto.CodeStore, "%w", err)
	}
	b.list = list
	return nil
}

// shortName is a name of a program or a person that is safe to show.
func shortName(name string) string {
	name = netproto.Printable(name)
	for len(name) > maxName {
		runes := []rune(name)
		name = string(runes[:len(runes)-1])
	}
	return name
}
