//go:build race

package netproto

const raceEnabled = true
