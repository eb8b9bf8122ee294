package seedpeer

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/netip"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"

	"centralizedp2p/netproto"
)

const (
	prompt        = "> "
	downloads     = "downloads"
	usageCommands = "use -u <path/name>, -d <name>, -l or -q"
	maxLine       = 64 << 10 // bytes of a line of input
)

// ConsoleConfig is what RunConsole needs.
type ConsoleConfig struct {
	PeerIP     string    // IPv4 address at which others reach this computer
	Server     string    // the tracker as it was typed, for messages
	ActionPort int       // UDP port that requests are sent from; 0 = a free one
	ListenPort int       // UDP port that requests are answered on; 0 = a free one
	Registry   Registry  // of the tracker
	In         io.Reader // commands, one a line
	Out        io.Writer // prompts and messages
	Dir        string    // where downloads/ is created; empty: the current folder
	// Sentence returns what a person at the terminal reads about an error.
	Sentence func(error) string
	// Policy says whom to answer. Empty stands for everybody if PeerIP is a public
	// address, because it was given to be reached from afar, and otherwise for the
	// local network. Off is refused.
	Policy netproto.SeedPolicy

	every time.Duration // between heartbeats; 0 = as the seed
	wait  time.Duration // for an answer; 0 = as the seed
}

// TrackerURL returns the base URL of a seed tracker for SERVER_IP as a person types
// it: a host, or host:port if the port is not the seed's 5000.
func TrackerURL(server string) (string, error) {
	host, port := server, strconv.Itoa(netproto.DefaultPort)
	if h, p, err := net.SplitHostPort(server); err == nil {
		host, port = h, p
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil || n == 0 || host == "" || strings.ContainsAny(host, "/?#@ []") {
		return "", netproto.Errorf(netproto.CodeUsage, "SERVER_IP is a host or HOST:PORT, not %q", server)
	}
	return "http://" + net.JoinHostPort(host, port), nil
}

// console is one running console.
type console struct {
	ConsoleConfig
	shelf  *shelf
	keeper *keeper
	local  *net.UDPAddr // of requests
}

// RunConsole runs the seed's console until -q, the end of the input or ctx.
// Errors: usage (an invalid address, port or policy), port-in-use, invalid (an
// address of another computer), and those of In and Out. If the tracker cannot be
// reached, the console says so and goes on. When ctx ends it, a Read of In that has
// not returned is left behind.
func RunConsole(ctx context.Context, cfg ConsoleConfig) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	c, server, err := newConsole(cfg)
	if err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return server.Serve(ctx) })
	if err := c.keeper.beat(ctx); err != nil && ctx.Err() == nil {
		c.say("server '%s' is not ready! %s", c.Server, c.Sentence(err))
	}
	group.Go(func() error { c.keeper.run(ctx); return nil })
	err = c.loop(ctx)
	cancel()
	return errors.Join(err, group.Wait())
}

// newConsole completes the configuration and takes the port to listen on.
func newConsole(cfg ConsoleConfig) (*console, *Server, error) {
	if err := cfg.complete(); err != nil {
		return nil, nil, err
	}
	c := &console{ConsoleConfig: cfg, shelf: newShelf()}
	c.local = &net.UDPAddr{IP: net.ParseIP(cfg.PeerIP), Port: cfg.ActionPort}
	// The action port is taken for each request. Trying it here reports a port in
	// use at the start.
	trial, err := net.ListenUDP("udp4", c.local)
	if err != nil {
		return nil, nil, bindError(c.local.String()+" (ACTION_PORT)", err)
	}
	trial.Close()
	server, err := Listen(net.JoinHostPort(cfg.PeerIP, strconv.Itoa(cfg.ListenPort)), cfg.Policy, c.shelf, nil)
	if err != nil {
		return nil, nil, err
	}
	c.keeper = &keeper{
		registry: cfg.Registry, shelf: c.shelf, peerID: uuid.NewString(),
		peerIP: cfg.PeerIP, peerPort: server.Port(), every: cfg.every,
	}
	return c, server, nil
}

// complete checks the configuration and fills in what was left out.
func (cfg *ConsoleConfig) complete() error {
	ip, err := netip.ParseAddr(cfg.PeerIP)
	if err != nil || !isPeer(ip) {
		return netproto.Errorf(netproto.CodeUsage, "PEER_IP is the IPv4 address at which others reach this computer, not %q", cfg.PeerIP)
	}
	for _, port := range []struct {
		name   string
		number int
	}{{"ACTION_PORT", cfg.ActionPort}, {"LISTEN_PORT", cfg.ListenPort}} {
		if port.number < 0 || port.number > 65535 {
			return netproto.Errorf(netproto.CodeUsage, "%s is a port, 1 to 65535, not %d", port.name, port.number)
		}
	}
	if cfg.ActionPort == cfg.ListenPort && cfg.ActionPort != 0 {
		return netproto.Errorf(netproto.CodeUsage, "ACTION_PORT and LISTEN_PORT are both %d, they must differ", cfg.ActionPort)
	}
	switch {
	case cfg.Policy == netproto.SeedOff:
		return netproto.Errorf(netproto.CodeUsage, "this console is a seed client itself: with seed clients off it cannot share")
	case cfg.Policy == "" && isLocal(ip):
		cfg.Policy = netproto.SeedLAN
	case cfg.Policy == "":
		cfg.Policy = netproto.SeedOpen
	}
	cfg.every = cmp.Or(cfg.every, heartbeatEvery)
	cfg.wait = cmp.Or(cfg.wait, answerWait)
	return nil
}

// loop prompts, reads and runs commands.
func (c *console) loop(ctx context.Context) error {
	scanner := bufio.NewScanner(c.In)
	scanner.Buffer(nil, maxLine)
	lines := make(chan string)
	go scan(ctx, scanner, lines)
	for {
		if _, err := io.WriteString(c.Out, prompt); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			c.say("bye...")
			return nil
		case line, more := <-lines:
			command, argument, _ := strings.Cut(strings.TrimSpace(line), " ")
			if more && command != "-q" {
				c.obey(ctx, command, strings.TrimSpace(argument))
				continue
			}
			c.say("bye...")
			if !more && ctx.Err() == nil {
				return scanner.Err()
			}
			return nil
		}
	}
}

// scan reads lines in a goroutine of its own, because a Read cannot be cancelled.
func scan(ctx context.Context, scanner *bufio.Scanner, lines chan<- string) {
	defer close(lines)
	for scanner.Scan() {
		select {
		case lines <- scanner.Text():
		case <-ctx.Done():
			return
		}
	}
}

// obey runs one command.
func (c *console) obey(ctx context.Context, command, argument string) {
	switch {
	case command == "":
	case command == "-l":
		c.list(ctx)
	case command == "-u" && argument != "":
		c.upload(ctx, argument)
	case command == "-d" && argument != "":
		c.download(ctx, argument)
	case command == "-u":
		c.say("nothing to upload, use -u <path/name>")
	case command == "-d":
		c.say("nothing to download, use -d <name>")
	default:
		c.say("unknown command '%s', %s", command, usageCommands)
	}
}

// upload hashes a file, offers it and registers it.
func (c *console) upload(ctx context.Context, typed string) {
	key := splitTyped(typed)
	it, err := hashFile(ctx, typed)
	if errors.Is(err, fs.ErrNotExist) {
		c.say("resource '%s' not found!", key.name)
		return
	}
	if err == nil {
		_, err = request(key.path, key.name)
	}
	if err != nil {
		c.say("%s", c.Sentence(err))
		return
	}
	c.shelf.put(key, it)
	err = c.keeper.register(ctx, key, it.md5)
	switch {
	case netproto.CodeOf(err) == netproto.CodeUnreachable:
		c.say("resource '%s' is registered as soon as the server answers! %s", key.name, c.Sentence(err))
	case err != nil:
		c.shelf.remove(key)
		c.say("%s", c.Sentence(err))
		return
	default:
		c.say("resource '%s' uploaded!", key.name)
	}
	if it.Size > netproto.SeedMaxBytes {
		c.say("warning: of its %s bytes seed peers can fetch only the first %s; to share all of them: centralizedp2p share \"%s\" --tracker %s",
			humanize.Comma(it.Size), humanize.Comma(netproto.SeedMaxBytes), typed, c.Server)
	}
}

// download looks a name up, fetches the file and says where it is.
func (c *console) download(ctx context.Context, name string) {
	resource, found, err := c.Registry.Find(ctx, name)
	if err != nil {
		c.say("%s", c.Sentence(err))
		return
	}
	if !found {
		c.say("no peers found for resource '%s'!", name)
		return
	}
	file := netproto.SafeName(resource.PeerIP + "_" + resource.ResourceName)
	_, err = Fetch(ctx, c.local, resource, filepath.Join(c.Dir, downloads), ReplacingAt(file), waiting(c.wait))
	saved := fmt.Sprintf("resource '%s' downloaded at path '%s/'", file, downloads)
	if err == nil {
		c.say("%s!", saved)
		return
	}
	switch netproto.CodeOf(err) {
	case netproto.CodeSeedSilent:
		c.say("it looks like peer '%s:%d' is not responding, interrupting connection!", resource.PeerIP, resource.PeerPort)
	case netproto.CodeSeedTooLarge, netproto.CodeSeedChecksum:
		c.say("%s but hash is incorrect, file might be corrupted!", saved)
		c.say("%s", c.Sentence(err))
	default:
		c.say("%s", c.Sentence(err))
	}
}

// list prints every resource of the tracker.
func (c *console) list(ctx context.Context) {
	resources, err := c.Registry.List(ctx)
	if err != nil {
		c.say("%s", c.Sentence(err))
		return
	}
	if len(resources) == 0 {
		c.say("no resources found!")
	}
	for _, r := range resources {
		c.say(`{"peer_ip": %s, "peer_port": %d, "resource_path": %s, "resource_name": %s, "resource_hash": %s}`,
			quote(r.PeerIP), r.PeerPort, quote(r.ResourcePath), quote(r.ResourceName), quote(r.ResourceHash))
	}
}

// say prints a line, escaped so that text from the network cannot change the
// terminal. A failure to print shows at the next prompt, which ends the console.
func (c *console) say(format string, args ...any) {
	fmt.Fprintln(c.Out, netproto.Printable(fmt.Sprintf(format, args...)))
}

// quote returns a JSON string in which every character is visible.
func quote(s string) string {
	raw, err := netproto.VisibleJSON(s)
	if err != nil {
		return `""` // cannot happen: every string has JSON
	}
	return strings.TrimSuffix(string(raw), "\n")
}
