package people

import (
	"bytes"
	"crypto/sha256"
	"strings"

	"centralizedp2p/netproto"
)

// wordCount is how many words two people compare. Somebody between them would have to
// find a key whose words are the same, one of 2⁴⁸.
const wordCount = 6

// wordList has 256 short words that do not sound alike.
var wordList = strings.Fields(`
	acid actor alarm album amber angel ankle apple april apron arrow atlas attic autumn badge bagel
	baker bamboo banjo barn basil beach bean bell berry bike bird blanket boat bone book bottle
	branch brick bridge bronze broom bubble bucket butter cabin cactus camel candle canoe canyon carpet castle
	cave cello chain chalk cherry chess circle circus citrus clay cliff clock cloud clover coast cobra
	coffee comet copper coral cotton cousin cradle crane crown cube curtain daisy dancer desert diamond dinner
	dolphin donkey door dragon drum duck dune eagle earth echo eleven elbow ember engine falcon farmer
	feather fence fiddle finger fire fish flag flute forest fossil fountain fox frost fudge galaxy garden
	garlic gecko ghost giant ginger glacier globe glove goat gold grape guitar hammer harbor harp hazel
	helmet hermit hill honey horizon hotel house igloo indigo insect iron island ivory jacket jaguar jelly
	jewel jigsaw juice jungle kettle kitchen kite koala ladder lagoon lake lamp lantern lava leaf lemon
	library lilac lion lizard lobster lotus magnet mango maple marble market meadow melon meteor mint mirror
	monkey moon mosaic mountain museum mushroom napkin needle nest noodle north novel nutmeg oasis ocean olive
	onion opera orange orchid otter oven owl oyster paddle panda paper parrot pasta peach pearl pencil
	penguin pepper piano pigeon pillow pilot pirate planet plum pocket pony potato prairie puzzle pyramid quartz
	queen quilt rabbit radio rainbow raven ribbon river robot rocket rose ruby saddle salmon sandal satin
	school silver spider sugar summer temple tiger tunnel turtle velvet violin walnut whale window yellow zebra
`)

// Words returns six words that are the same for both people, and others for any other
// pair of keys. If both see the same words, nobody is between them.
func Words(a, b netproto.PublicKey) []string {
	if bytes.Compare(a[:], b[:]) > 0 {
		a, b = b, a
	}
	sum := sha256.Sum256(append(append([]byte("centralizedp2p words v1\x00"), a[:]...), b[:]...))
	words := make([]string, wordCount)
	for i := range words {
		words[i] = wordList[sum[i]]
	}
	return words
}
