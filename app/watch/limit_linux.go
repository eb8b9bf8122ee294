package watch

// Subfolders tells whether the folders in a folder can be watched, too.
const Subfolders = true

// defaultLimit is 0: the system itself says when it is enough (watch descriptors of a
// user, fs.inotify.max_user_watches).
const defaultLimit = 0

func costOf(string) int { return 1 }
