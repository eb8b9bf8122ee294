package index

// SetTailRoom makes small segments, so that a test has many of them.
func (x *Index) SetTailRoom(versions int) { x.tailRoom = versions }

// Settle waits for running merges.
func (x *Index) Settle() { x.work.Wait() }
