package web

// scriptEnglish is what the page of an inbox says about its uploads, by state or code.
var scriptEnglish = map[string]string{
	"waits":       "Waiting…",
	"stored":      "Arrived",
	"lost":        "The computer cannot be reached. Trying again…",
	"denied":      "Wrong PIN. Try again.",
	"banned":      "Too many wrong PINs. This page is closed for you.",
	"gone":        "This page is closed. Ask for a new one at the computer.",
	"cancelled":   "Cancelled",
	"unreadable":  "The file cannot be read. Choose it again.",
	"no-space":    "There is not enough space on the computer.",
	"too-large":   "The file is too large.",
	"wrong-piece": "The file did not arrive as it was sent. Try again.",

	"too-many-requests":    "Wait a moment, then try again.",
	"folder-unwritable":    "The computer cannot save files in the folder that was chosen there.",
	"certificate-required": "Load this page again and type the PIN.",
	"not-found":            "This page is closed. Ask for a new one at the computer.",
	"full":                 "The computer takes no more files. Ask for a new page there.",
	"busy":                 "Too many files are on their way. Try again in a moment.",
	"internal":             "Something went wrong. Try again.",
}

// scriptTexts are those in a language.
func scriptTexts(lang string) map[string]string {
	said := make(map[string]string, len(scriptEnglish))
	for key, english := range scriptEnglish {
		said[key] = pages.In(lang, english)
	}
	return said
}
