//go:build !linux

package boltstore

import "go.etcd.io/bbolt"

// releasePages does nothing here.
func releasePages(*bbolt.Tx) {}
