package words

import (
	"regexp"
	"strings"

	"centralizedp2p/netproto"
)

// cause is what a person reads in place of what a system, or Go, says.
type cause struct {
	said *regexp.Regexp
	text Phrase
}

// causes are asked in order: the first that was said counts.
var causes = []cause{
	{regexp.MustCompile(`(?i)connection refused|actively refused`), "nothing answers there"},
	{regexp.MustCompile(`(?i)no such host|server misbehaving|name resolution|name or service not known`), "there is no computer of that name"},
	{regexp.MustCompile(`(?i)network is unreachable|no route to host|unreachable (network|host)|host is down`), "the network does not lead there"},
	{regexp.MustCompile(`(?i)i/o timeout|deadline exceeded|timed out|connected party did not properly respond`), "it did not answer in time"},
	{regexp.MustCompile(`(?i)connection reset|broken pipe|forcibly closed|software caused connection abort|use of closed|\bEOF\b`), "the connection was cut"},
	{regexp.MustCompile(`(?i)permission denied|access is denied|operation not permitted`), "there is no permission"},
	{regexp.MustCompile(`(?i)read-only file system|write.protected`), "the disk is read-only"},
	{regexp.MustCompile(`(?i)no space left|not enough space on the disk|disk quota`), "the disk is full"},
	{regexp.MustCompile(`(?i)no such file or directory|cannot find the (file|path)|file does not exist`), "it does not exist"},
	{regexp.MustCompile(`(?i)too many open files|too many levels|cannot allocate memory`), "the system is at a limit"},
	{regexp.MustCompile(`(?i)input/output error|i/o device error|stale (nfs )?file handle`), "the disk reports an error"},
	{regexp.MustCompile(`(?i)address already in use|only one usage of each socket`), "another program has it"},
	{regexp.MustCompile(`(?i)resource busy|text file busy|used by another process|sharing violation`), "another program is using it"},
	{regexp.MustCompile(`(?i)file name too long|filename or extension is too long`), "the name is too long"},
	{regexp.MustCompile(`(?i)file exists|already exists`), "there is one already"},
	{regexp.MustCompile(`(?i)is a directory`), "it is a folder"},
	{regexp.MustCompile(`(?i)not a directory`), "it is not a folder"},
	{regexp.MustCompile(`(?i)executable file not found`), "no program for it is installed"},
	{regexp.MustCompile(`(?i)x509:|tls:|certificate`), "the other side does not prove who it is"},
	{regexp.MustCompile(`(?i)json:|invalid character|malformed HTTP|unexpected (newline|end)`), "the answer makes no sense"},
}

var (
	temporary = regexp.MustCompile(`[/\\]?` + regexp.QuoteMeta(netproto.PartPrefix) + `[^\s/\\:"]*`)
	lookedUp  = regexp.MustCompile(`\blookup ([^\s:]+)`)
	dialled   = regexp.MustCompile(`\b(?:tcp|udp)[46]? (?:[^\s>]+->)?(\[[^\]]+\]:\d+|[^\s:]+:\d+)`)
	asked     = regexp.MustCompile(`"https?://([^/"]+)`)
	inPlace   = regexp.MustCompile(`(?:^|[\s"])(/[^:"]*[^:"\s]|[A-Za-z]:\\[^:"]*[^:"\s])`)
	ofGo      = regexp.MustCompile(`(?i)\b(dial|lookup|read|write) (tcp|udp)|\bsyscall\b|\berrno\b|goroutine|runtime error|0x[0-9a-f]{4,}|%!` +
		`|\b(open|openat|lstat|stat|unlinkat|renameat|mkdirat|fsync) [^\s]`)
)

// reason makes what a failure says about itself fit for a person: which file, address
// or value, and why, without the words of Go and of the system, and without names of
// files that are there for a moment only.
func reason(detail string) string {
	said := strings.TrimSpace(temporary.ReplaceAllString(detail, ""))
	for _, c := range causes {
		if c.said.MatchString(said) {
			if subject := subjectOf(said); subject != "" {
				return subject + " (" + c.text.String() + ")"
			}
			return c.text.String()
		}
	}
	if ofGo.MatchString(said) {
		return subjectOf(said)
	}
	return said
}

// subjectOf returns the address or the path that a message of the system is about;
// "" if there is none.
func subjectOf(said string) string {
	for _, pattern := range []*regexp.Regexp{lookedUp, dialled, asked, inPlace} {
		if found := pattern.FindStringSubmatch(said); found != nil {
			return strings.Trim(found[1], `"' `)
		}
	}
	// What stands before the first colon is ours: a name, or what was tried.
	if before, _, more := strings.Cut(said, ": "); more && !ofGo.MatchString(before) && !strings.Contains(before, " ") {
		return before
	}
	return ""
}
