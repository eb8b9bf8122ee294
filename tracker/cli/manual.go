package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"centralizedp2p/netproto/version"
)

// AddManual adds the hidden command man, which packages make their manual page with, to
// the root of a program. It comes last, for it describes the other commands.
func AddManual(root *cobra.Command) {
	root.InitDefaultHelpCmd()
	for _, c := range root.Commands() {
		if c.Name() == "help" {
			c.Example = fmt.Sprintf("  %s help version", root.Name())
		}
	}
	root.AddCommand(&cobra.Command{
		Use:     "man",
		Short:   "Print the manual page of this program",
		Example: fmt.Sprintf("  %s man | man -l -", root.Name()),
		Hidden:  true,
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, err := fmt.Fprint(cmd.OutOrStdout(), manual(root))
			return err
		},
	})
}

// manual returns the page of section 1 about a program and all its commands, in the
// macros of man(7).
func manual(root *cobra.Command) string {
	var page strings.Builder
	here := version.Here()
	day, _, _ := strings.Cut(here.Date, "T")
	fmt.Fprintf(&page, ".TH %s 1 %q %q\n", strings.ToUpper(root.Name()), day, "CentralizedP2P "+here.Version)
	fmt.Fprintf(&page, ".SH NAME\n%s \\- %s\n", roff(root.Name()), roff(lowerFirst(root.Short)))
	page.WriteString(".SH SYNOPSIS\n")
	fmt.Fprintf(&page, ".B %s\n[%s]\n.br\n.B %s\n%s\n", roff(root.Name()), roff("COMMAND"), roff(root.Name()), roff("COMMAND --help"))
	page.WriteString(".SH DESCRIPTION\n")
	paragraphs(&page, root.Long)
	page.WriteString(".SH OPTIONS\n")
	options(&page, root.LocalFlags())
	page.WriteString(".SH COMMANDS\n")
	commands(&page, root)
	page.WriteString(".SH EXAMPLES\n")
	example(&page, root)
	page.WriteString(".SH EXIT STATUS\n")
	for status, meaning := range []string{"It is done.", "It failed; standard error says why.", "It cannot be run like this.", "Nothing was found."} {
		fmt.Fprintf(&page, ".TP\n.B %d\n%s\n", status, meaning)
	}
	return page.String()
}

// commands writes a section for each command below one.
func commands(page *strings.Builder, above *cobra.Command) {
	for _, c := range above.Commands() {
		if c.Hidden || c.Name() == "help" {
			continue
		}
		fmt.Fprintf(page, ".SS \"%s\"\n", roff(strings.TrimPrefix(c.UseLine(), c.Root().Name()+" ")))
		text := c.Long
		if text == "" {
			text = c.Short + "."
		}
		paragraphs(page, text)
		options(page, c.LocalFlags())
		if c.HasExample() {
			page.WriteString(".PP\nExamples:\n")
			example(page, c)
		}
		commands(page, c)
	}
}

func options(page *strings.Builder, flags *pflag.FlagSet) {
	flags.VisitAll(func(f *pflag.Flag) {
		if f.Hidden {
			return
		}
		value, usage := pflag.UnquoteUsage(f)
		name := "--" + f.Name
		if f.Shorthand != "" {
			name = "-" + f.Shorthand + ", " + name
		}
		fmt.Fprintf(page, ".TP\n.B %s\n", strings.TrimSpace(roff(name)+" "+roff(value)))
		if f.DefValue != "" && f.DefValue != "0" && f.DefValue != "false" && f.DefValue != "[]" && !strings.Contains(f.DefValue, "/") {
			usage += " (default " + f.DefValue + ")" // one with a slash is a folder of whoever made the page
		}
		paragraphs(page, usage)
	})
}

func example(page *strings.Builder, c *cobra.Command) {
	page.WriteString(".PP\n.RS 4\n.nf\n")
	for line := range strings.Lines(c.Example) {
		page.WriteString(roff(strings.TrimPrefix(strings.TrimRight(line, "\n"), "  ")) + "\n")
	}
	page.WriteString(".fi\n.RE\n")
}

// paragraphs writes text whose empty lines part paragraphs.
func paragraphs(page *strings.Builder, text string) {
	for line := range strings.Lines(strings.TrimSpace(text)) {
		if line = strings.TrimSpace(line); line == "" {
			page.WriteString(".PP\n")
			continue
		}
		page.WriteString(roff(line) + "\n")
	}
}

// roff escapes a line of text.
func roff(line string) string {
	var out strings.Builder
	if strings.HasPrefix(line, ".") || strings.HasPrefix(line, "'") {
		out.WriteString(`\&`)
	}
	for _, r := range line {
		switch {
		case r == '\\':
			out.WriteString(`\e`)
		case r == '-':
			out.WriteString(`\-`)
		case r == '\'':
			out.WriteString(`\(aq`)
		case r == '"':
			out.WriteString(`\(dq`)
		case r == '`':
			out.WriteString(`\(ga`)
		case r == '^':
			out.WriteString(`\(ha`)
		case r == '~':
			out.WriteString(`\(ti`)
		case r > 0x7e:
			fmt.Fprintf(&out, `\[u%04X]`, r)
		default:
			out.WriteRune(r)
		}
	}
	return out.String()
}

func lowerFirst(text string) string { return strings.ToLower(text[:1]) + text[1:] }
