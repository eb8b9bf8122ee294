//go:build cgo && linux

package desktop

// #include <stdlib.h>
// #ifdef __GLIBC__
// #include <malloc.h>
// static void give_back(void) { malloc_trim(0); }
// #else
// static void give_back(void) {}
// #endif
import "C"

// giveBackC gives back what C libraries freed, such as the pictures of texts that a renderer
// in the processor keeps. The allocator of glibc keeps all that lies below something in use.
func giveBackC() { C.give_back() }
