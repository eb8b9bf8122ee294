package checkup

// MaxDescriptors is how many files and sockets this process may have open; 0 if there
// is no limit, or it is not known.
func MaxDescriptors() int { return 0 }

// descriptors returns nothing: Windows has no limit that programs meet.
func descriptors() (open, most int) { return 0, 0 }
