// Package usage checks what commands take: their arguments, numbers of bytes, and paths.
package usage

import (
	"errors"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"centralizedp2p/app/command/screen"
	"centralizedp2p/netproto"
)

// Exactly accepts n arguments; what says which.
func Exactly(n int, what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		switch {
		case len(args) == n:
			return nil
		case len(args) == 0:
			return netproto.Errorf(netproto.CodeUsage, "%s takes %s, none was given", cmd.Name(), what)
		}
		return netproto.Errorf(netproto.CodeUsage, "%s takes %s, not %s", cmd.Name(), what, screen.Count(len(args), "argument"))
	}
}

// AtLeastOne accepts one argument or more; what says which.
func AtLeastOne(what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			return netproto.Errorf(netproto.CodeUsage, "%s takes %s, none was given", cmd.Name(), what)
		}
		return nil
	}
}

// Without refuses common flags that mean nothing to a command.
func Without(cmd *cobra.Command, flags ...string) error {
	for _, name := range flags {
		if cmd.Flags().Changed(name) {
			return netproto.Errorf(netproto.CodeUsage, "%s has no use for --%s", cmd.Name(), name)
		}
	}
	return nil
}

// WrongFlag returns the sentence about a flag that cannot be read.
func WrongFlag(err error) error {
	if bad, ok := errors.AsType[*pflag.InvalidValueError](err); ok {
		return netproto.Errorf(netproto.CodeUsage, "--%s cannot be %q", bad.GetFlag().Name, bad.GetValue())
	}
	return netproto.Errorf(netproto.CodeUsage, "%w", err)
}
