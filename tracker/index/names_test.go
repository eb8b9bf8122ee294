package index_test

import (
	"fmt"
	"math/rand/v2"
	"strings"

	"centralizedp2p/tracker/index"
)

// naming makes up names like those people share: words from a vocabulary in which
// few are common and most are rare, with years, numbers, marks and extensions.
type naming struct {
	random *rand.Rand
	words  []string
	common *rand.Zipf
}

func newNaming(seed uint64, vocabulary int) *naming {
	n := &naming{random: rand.New(rand.NewPCG(seed, 7))}
	syllables := strings.Fields("an ar be ca che co da de di el en er est fa go ha il in ka la le lo ma me mi mo na ne no on or pa pe ra re ri ro sa se shi so sta ta te ter ti to tra un va ve vi wa wo ze über né ñо 北京 東 ко ст")
	for range vocabulary {
		var word strings.Builder
		for range 1 + n.random.IntN(4) {
			word.WriteString(syllables[n.random.IntN(len(syllables))])
		}
		n.words = append(n.words, word.String())
	}
	n.common = rand.NewZipf(n.random, 1.1, 4, uint64(vocabulary-1))
	return n
}

func (n *naming) word() string { return n.words[n.common.Uint64()] }

var endings = strings.Fields(".mp3 .mp3 .mp3 .flac .mkv .mp4 .avi .jpg .jpg .pdf .epub .txt .zip .iso .exe .dat")

func (n *naming) name() string {
	words := make([]string, 2+n.random.IntN(4))
	for i := range words {
		words[i] = n.word()
		if n.random.IntN(3) == 0 {
			words[i] = strings.ToUpper(words[i][:1]) + words[i][1:]
		}
	}
	between := []string{" ", " ", ".", "_", "-"}[n.random.IntN(5)]
	name := strings.ToValidUTF8(strings.Join(words, between), "x")
	switch n.random.IntN(5) {
	case 0:
		name = fmt.Sprintf("%02d - %s", n.random.IntN(30), name)
	case 1:
		name = fmt.Sprintf("%s (%d)", name, 1950+n.random.IntN(76))
	case 2:
		name = fmt.Sprintf("%s [%08x]", name, n.random.Uint32())
	case 3:
		name = fmt.Sprintf("%s S%02dE%02d", name, n.random.IntN(12), n.random.IntN(24))
	}
	return name + endings[n.random.IntN(len(endings))]
}

func (n *naming) entry() index.Name {
	return index.Name{Text: n.name(), Size: int64(n.random.ExpFloat64() * 1e6), Folder: n.random.IntN(50) == 0}
}
