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

// ours are details that our own rooms give: short English, for commands and the log.
var ours = []cause{
	{regexp.MustCompile(`^"" is not the address of a tracker`), "type an address or a link"},
	{regexp.MustCompile(`^"(.+)" is (?:not the address of a tracker|no HOST)`), "“{{.Value}}” is not an address, such as attic or 192.168.1.20:5000"},
	{regexp.MustCompile(`a link begins with cp2p`), "a link begins with cp2p://"},
	{regexp.MustCompile(`a port is a number`), "a port is a number from 1 to 65535"},
	{regexp.MustCompile(`^:(\d+)$`), "port {{.Value}}"},
	{regexp.MustCompile(`its absolute path|its whole path`), "type the full path of a folder"},
	{regexp.MustCompile(`^no tracker (?:is|was) `), "no tracker is connected"},
	{regexp.MustCompile(`^it is no longer shared|^there is no (?:request|wish|download|upload) `), "it is no longer in the list"},
	{regexp.MustCompile(`^a wish has at least`), "type a word of at least 3 letters"},
	{regexp.MustCompile(`^the name must `), "the name is too long or has invisible characters"},
	{regexp.MustCompile(`^a code has `), "a code looks like K7QF-2M9X-W3TD"},
	{regexp.MustCompile(`^the other peer is CentralizedP2P (\S+), which is older`), "CentralizedP2P {{.Value}} runs there, which is older"},
	{regexp.MustCompile(`^the other peer is CentralizedP2P (\S+), which is newer`), "CentralizedP2P {{.Value}} runs there, which is newer"},
	{regexp.MustCompile(`^uploads may take .* and (.+) of that are free$`), "only {{.Value}} may still be uploaded there"},
	{regexp.MustCompile(`^that is this peer itself`), "that is this computer"},
	{regexp.MustCompile(`^\d+ requests are on their way`), "too many requests wait for an answer"},
	{regexp.MustCompile(`^\d+ wishes are kept`), "there are too many wishes: remove one"},
	{regexp.MustCompile(`^(.+) is blocked here`), "{{.Value}} is blocked"},
	{regexp.MustCompile(`^the code is not the one|does not know the code|^no code is shown`), "the code is wrong or has expired"},
	{regexp.MustCompile(`^(?:the|its) download was (?:removed|stopped)`), "the download was removed"},
	{regexp.MustCompile(`^\d+ files and folders can be sent at once`), "too many files at once: put them into a folder"},
	{regexp.MustCompile(`^the folder has more than `), "the folder has too many files: share its parts one by one"},
	{regexp.MustCompile(`^there are no files in | has no files$`), "there are no files in it"},
	{regexp.MustCompile(`^choose at least one person`), "choose at least one person"},
	{regexp.MustCompile(`^there is nothing to send|^choose something`), "nothing is chosen"},
	{regexp.MustCompile(`^a time of the day is`), "a time is from 00:00 to 23:59"},
	{regexp.MustCompile(`^1 to 100 `), "type a number from 1 to 100"},
}

// causes are asked in order: the first that was said counts.
var causes = []cause{
	{regexp.MustCompile(`(?i)connection refused|actively refused`), "nothing answers there"},
	{regexp.MustCompile(`(?i)no such host|server misbehaving|name resolution|name or service not known`), "no computer has that name"},
	{regexp.MustCompile(`(?i)network is unreachable|no route to host|unreachable (network|host)|host is down`), "the network cannot reach it"},
	{regexp.MustCompile(`(?i)i/o timeout|deadline exceeded|timed out|connected party did not properly respond`), "it did not answer in time"},
	{regexp.MustCompile(`(?i)connection reset|broken pipe|forcibly closed|software caused connection abort|use of closed|\bEOF\b`), "the connection was cut"},
	{regexp.MustCompile(`(?i)permission denied|access is denied|operation not permitted`), "no permission"},
	{regexp.MustCompile(`(?i)read-only file system|write.protected`), "the disk is read-only"},
	{regexp.MustCompile(`(?i)no space left|not enough space on the disk|disk quota`), "the disk is full"},
	{regexp.MustCompile(`(?i)no such file or directory|: (file|path) not found|cannot find the (file|path)|file does not exist`), "it does not exist"},
	{regexp.MustCompile(`(?i)too many open files|too many levels|cannot allocate memory`), "the system has reached a limit"},
	{regexp.MustCompile(`(?i)input/output error|i/o device error|stale (nfs )?file handle`), "the disk reports an error"},
	{regexp.MustCompile(`(?i)address already in use|only one usage of each socket`), "another program has it"},
	{regexp.MustCompile(`(?i)resource busy|text file busy|used by another process|sharing violation`), "another program is using it"},
	{regexp.MustCompile(`(?i)file name too long|filename or extension is too long`), "the name is too long"},
	{regexp.MustCompile(`(?i)file exists|already exists`), "there is one already"},
	{regexp.MustCompile(`(?i)is a directory`), "it is a folder"},
	{regexp.MustCompile(`(?i)not a directory| is a file$`), "it is not a folder"},
	{regexp.MustCompile(`(?i)executable file not found`), "no program for it is installed"},
	{regexp.MustCompile(`(?i)gave HTTP response|malformed HTTP|connection broken: malformed|look like a TLS handshake|PublicKey instead of`),
		"something else answers there"},
	{regexp.MustCompile(`(?i)x509:|tls:|certificate`), "the other side cannot prove who it is"},
	{regexp.MustCompile(`(?i)json:|invalid character|unexpected (newline|end)`), "the answer cannot be understood"},
}

var (
	temporary = regexp.MustCompile(`[/\\]?` + regexp.QuoteMeta(netproto.PartPrefix) + `[^\s/\\:"]*`)
	lookedUp  = regexp.MustCompile(`\blookup ([^\s:]+)`)
	dialled   = regexp.MustCompile(`\b(?:tcp|udp)[46]? (?:[^\s>]+->)?(\[[^\]]+\]:\d+|[^\s:]+:\d+)`)
	asked     = regexp.MustCompile(`"https?://([^/"]+)`)
	addressed = regexp.MustCompile(`^(\[[^\]]+\]:\d+|[^\s:]+:\d+): `)
	inPlace   = regexp.MustCompile(`(?:^|[\s"])(/[^:"]*[^:"\s]|[A-Za-z]:\\[^:"]*[^:"\s])`)
	ofGo      = regexp.MustCompile(`(?i)\b(dial|lookup|read|write) (tcp|udp)|\bsyscall\b|\berrno\b|goroutine|runtime error|0x[0-9a-f]{4,}|%!` +
		`|\b(open|openat|lstat|stat|unlinkat|renameat|mkdirat|fsync) [^\s]`)
	verb      = regexp.MustCompile(`,? (?:answers|as|belongs|but|cannot|changes|does|has|is|looks|says|shows|was|were|which)\b.*`) // after a place
	inEnglish = regexp.MustCompile(`(?i)\b(already|an?|and|another|are|at|be|broke|by|came|can|cannot|for|from|has|have|in|is|it|its|least|most|must` +
		`|nobody|nor|not?|of|older|one|only|or|such|the|their|there|these|this|to|was|what|which|with)\b`)
)

// reason makes what a failure says about itself fit for a person: which file, address
// or value, and why, without the words of Go and of the system, and without names of
// files that are there for a moment only.
func reason(detail string) string {
	said := strings.TrimSpace(temporary.ReplaceAllString(detail, ""))
	for _, c := range ours {
		if found := c.said.FindStringSubmatch(said); found != nil {
			return L(string(c.text), Values{"Value": found[len(found)-1]})
		}
	}
	for _, c := range causes {
		if c.said.MatchString(said) {
			if subject := subjectOf(said); subject != "" {
				return subject + " (" + c.text.String() + ")"
			}
			return c.text.String()
		}
	}
	if ofGo.MatchString(said) || current().language != "en" && inEnglish.MatchString(said) {
		return subjectOf(said) // what happened is said in the language in use
	}
	return said
}

// subjectOf returns the address or the path that a message of the system is about;
// "" if there is none.
func subjectOf(said string) string {
	for _, pattern := range []*regexp.Regexp{lookedUp, dialled, asked, addressed, inPlace} {
		if found := pattern.FindStringSubmatch(said); found != nil {
			return strings.Trim(verb.ReplaceAllString(found[1], ""), `"' `)
		}
	}
	// What stands before the first colon is ours: a name, or what was tried.
	if before, _, more := strings.Cut(said, ": "); more && !ofGo.MatchString(before) && !strings.Contains(before, " ") {
		return before
	}
	return ""
}
