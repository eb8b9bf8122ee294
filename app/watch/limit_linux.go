package watch

// Subfolders tells whether the folders in a folder can be watched, too.
const Subfolders = true

// defaultLimit is 0: the system itself refuses more watches than
// fs.inotify.max_user_watches allows a user.
const defaultLimit = 0

func costOf(string) int { return 1 }
