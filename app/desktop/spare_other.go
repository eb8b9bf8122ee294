//go:build (!darwin || cgo) && !(cgo && linux)

package desktop

// giveBackC does nothing: the allocators of other systems give back by themselves.
func giveBackC() {}
