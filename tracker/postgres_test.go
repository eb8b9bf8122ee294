//go:build unix

package main

import (
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"centralizedp2p/tracker/pgtest"
)

func TestTheCommandWithPostgreSQL(t *testing.T) {
	address := pgtest.Start(t).Address()
	testscript.Run(t, testscript.Params{
		Dir: "testdata/postgres",
		Setup: func(env *testscript.Env) error {
			env.Setenv("DB", address)
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"fails": fails, "await": awaitBan},
	})
}

// awaitBan is await, and with "banned TARGET FOLDER" it waits until the tracker of that
// folder lists the ban.
func awaitBan(ts *testscript.TestScript, neg bool, args []string) {
	if args[0] != "banned" {
		await(ts, neg, args)
		return
	}
	awaitThat(ts, args, func() bool {
		return ts.Exec("tracker", "bans", "--data", args[2]) == nil && strings.Contains(ts.ReadFile("stdout"), args[1])
	})
}
