package index

// SetTailRoom makes segments of so few versions that a test has many of them.
func (x *Index) SetTailRoom(versions int) { x.tailRoom = versions }

// Settle waits for merges that run.
func (x *Index) Settle() { x.work.Wait() }
