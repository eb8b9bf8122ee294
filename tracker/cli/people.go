package cli

import (
	"net/http"
	"time"

	"github.com/spf13/cobra"

	"centralizedp2p/netproto"
	"centralizedp2p/tracker/daemon"
	"centralizedp2p/tracker/store"
)

func (p Program) invite() *cobra.Command {
	var who string
	age := store.DefaultInviteAge
	cmd := &cobra.Command{
		Use:     "invite",
		Short:   "Make a link that lets one person join a private tracker",
		Example: "  tracker invite --for Zoe --expires 24h",
	}
	cmd.Flags().StringVar(&who, "for", "", "`name` shown in the list of members")
	cmd.Flags().DurationVar(&age, "expires", age, "how long the link is valid, `1m` to 8784h")
	cmd.RunE = p.run(0, "no arguments", func(cmd *cobra.Command, _ []string) error {
		if age < time.Minute || age > store.MaxInviteAge {
			return netproto.Errorf(netproto.CodeUsage, "--expires is from 1m to %dh, not %s", store.MaxInviteAge/time.Hour, age)
		}
		var made daemon.InviteAnswer
		request := daemon.InviteRequest{For: who, Seconds: int64(age / time.Second)}
		if err := p.socket().call(cmd.Context(), http.MethodPost, daemon.ControlInvites, request, &made); err != nil {
			return err
		}
		notice := ""
		if made.Notice != "" {
			notice = "\nBut " + made.Notice + "."
		}
		return p.tell(cmd.OutOrStdout(), struct {
			Event string `json:"event"`
			daemon.InviteAnswer
		}{"invited", made}, "%s\nThe link lets one person in, once, until %s.%s", made.Link, day(made.Expires), notice)
	})
	return cmd
}

func (p Program) members() *cobra.Command {
	var remove string
	cmd := &cobra.Command{
		Use:     "members",
		Short:   "List who may use a private tracker, or remove a member",
		Example: "  tracker members\n  tracker members --remove 2kq7…",
	}
	cmd.Flags().StringVar(&remove, "remove", "", "end the membership of this `key`, and its connections")
	cmd.RunE = p.run(0, "no arguments", func(cmd *cobra.Command, _ []string) error {
		if cmd.Flags().Changed("remove") {
			return p.removeMember(cmd, remove)
		}
		var found daemon.MembersAnswer
		if err := p.socket().call(cmd.Context(), http.MethodGet, daemon.ControlMembers, nil, &found); err != nil {
			return err
		}
		return table(p, cmd.OutOrStdout(), found.Members, "The tracker has no members.", "KEY\tSINCE\tFOR", func(m daemon.MemberEntry) string {
			return m.Key.String() + "\t" + day(m.Since) + "\t" + netproto.Printable(m.For)
		})
	})
	return cmd
}

func (p Program) removeMember(cmd *cobra.Command, text string) error {
	key, err := netproto.ParseFingerprint(text)
	if err != nil {
		return netproto.Errorf(netproto.CodeUsage, "--remove: %w", err)
	}
	request := daemon.KeyRequest{Key: key}
	if err := p.socket().call(cmd.Context(), http.MethodDelete, daemon.ControlMembers, request, nil); err != nil {
		return err
	}
	return p.tell(cmd.OutOrStdout(), struct {
		Event string `json:"event"`
		daemon.KeyRequest
	}{"removed", request}, "%s is no longer a member.", key)
}

type banEvent struct {
	Event string `json:"event"`
	daemon.BanEntry
}

const targets = "one KEY, ADDRESS or HASH: the fingerprint of a key, an address or CIDR range, or a content hash"

func (p Program) ban() *cobra.Command {
	var why string
	cmd := &cobra.Command{
		Use:   "ban KEY|ADDRESS|HASH",
		Short: "Keep out a peer, an address or a content from now on",
		Long: "Keep out a peer by the fingerprint of its key, addresses by one of them or a\n" +
			"CIDR range (an IPv6 address stands for its /64), or a content by its hash.\n" +
			"It takes effect at once: connections end, and what was found is hidden.",
		Example: "  tracker ban 203.0.113.0/24 --why \"floods\"\n  tracker ban 2kq7…",
	}
	cmd.Flags().StringVar(&why, "why", "", "`reason` shown in the list of bans")
	cmd.RunE = p.run(1, targets, func(cmd *cobra.Command, args []string) error {
		target, err := parseTarget(args[0])
		if err != nil {
			return err
		}
		var made daemon.BanEntry
		request := daemon.BanRequest{Target: target, Why: why}
		if err := p.socket().call(cmd.Context(), http.MethodPost, daemon.ControlBans, request, &made); err != nil {
			return err
		}
		return p.tell(cmd.OutOrStdout(), banEvent{"banned", made}, "The %s %s is banned.", made.Kind, made.Target)
	})
	return cmd
}

// afterUnban says, by kind of target, how what the ban hid comes back.
var afterUnban = map[string]string{
	"key":     "The peer is let in when it next joins; what it shares is then found again.",
	"address": "Peers from there are let in when they next join; what they share is then found again.",
	"hash":    "It is found again once a peer announces it; those that have it do so when they next join.",
}

func (p Program) unban() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "unban KEY|ADDRESS|HASH",
		Short:   "End a ban",
		Example: "  tracker unban 203.0.113.0/24",
	}
	cmd.RunE = p.run(1, targets, func(cmd *cobra.Command, args []string) error {
		target, err := parseTarget(args[0])
		if err != nil {
			return err
		}
		var gone daemon.BanEntry
		if err := p.socket().call(cmd.Context(), http.MethodDelete, daemon.ControlBans, daemon.TargetRequest{Target: target}, &gone); err != nil {
			return err
		}
		return p.tell(cmd.OutOrStdout(), banEvent{"unbanned", gone}, "The %s %s is no longer banned. %s", gone.Kind, gone.Target, afterUnban[gone.Kind])
	})
	return cmd
}

// parseTarget returns the one text form of a target.
func parseTarget(text string) (string, error) {
	target, err := store.ParseTarget(text)
	if err != nil {
		return "", netproto.Recode(netproto.CodeUsage, err)
	}
	return target.String(), nil
}

func (p Program) bans() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "bans",
		Short:   "List the bans, with when and why",
		Example: "  tracker bans\n  tracker bans --json",
	}
	cmd.RunE = p.run(0, "no arguments", func(cmd *cobra.Command, _ []string) error {
		var found daemon.BansAnswer
		if err := p.socket().call(cmd.Context(), http.MethodGet, daemon.ControlBans, nil, &found); err != nil {
			return err
		}
		return table(p, cmd.OutOrStdout(), found.Bans, "Nothing is banned.", "BANNED\tKIND\tSINCE\tWHY", func(b daemon.BanEntry) string {
			return b.Target + "\t" + b.Kind + "\t" + day(b.Since) + "\t" + netproto.Printable(b.Why)
		})
	})
	return cmd
}
